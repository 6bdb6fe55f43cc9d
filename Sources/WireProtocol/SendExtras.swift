package import DaybookModel
import DaybookSchema

/// What few of the `SendRequest`s state, fields 6 to 10.
package struct SendExtras: Sendable, Equatable {
  package var replyTo: MessageID
  package var mentions: [UserID]
  package var mentionsEveryone: Bool
  /// For how many days it is shown; 0: for good.
  package var keepDays: UInt32
  /// Push it to whoever is online, and store it nowhere.
  package var isTransient: Bool

  package init(
    replyTo: MessageID = .none, mentions: [UserID] = [], mentionsEveryone: Bool = false,
    keepDays: UInt32 = 0, isTransient: Bool = false
  ) {
    self.replyTo = replyTo
    self.mentions = mentions
    self.mentionsEveryone = mentionsEveryone
    self.keepDays = keepDays
    self.isTransient = isTransient
  }

  /// False for a field that is none of them. Throws `invalid_request`, `invalid_id`; torn fields
  /// as the reader does.
  mutating func read(_ tag: Int, _ reader: inout ProtobufReader) throws(DaybookError) -> Bool {
    switch tag {
    case 6 << 3 | 1: replyTo = try MessageID(claimed: try reader.fixed64())
    case 7 << 3 | 2:
      guard mentions.count < Limits.mentionsMax else {
        throw DaybookError(
          .invalidRequest, "a message mentions at most \(Limits.mentionsMax) users, or everyone")
      }
      mentions.append(
        try UserID(try FieldReading.string(try reader.delimited(), "mentions")))
    case 8 << 3: mentionsEveryone = try reader.varint() != 0
    case 9 << 3: keepDays = UInt32(clamping: try reader.varint())
    case 10 << 3: isTransient = try reader.varint() != 0
    default: return false
    }
    return true
  }

  /// No fewer bytes than `write` needs.
  var bound: Int { mentions.reduce(64) { $0 + $1.text.utf8.count + 4 } }

  func write(to writer: inout ProtobufWriter) {
    writer.fixed64(6, replyTo.rawValue)
    for mention in mentions { writer.string(7, mention.text) }
    writer.uint(8, mentionsEveryone ? 1 : 0)
    writer.uint(9, UInt64(keepDays))
    writer.uint(10, isTransient ? 1 : 0)
  }
}

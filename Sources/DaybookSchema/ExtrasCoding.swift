package import DaybookModel

/// Fields 6 to 10 of a message's body, which few messages have.
package enum ExtrasCoding {
  package static func length(of extras: MessageExtras) -> Int {
    let mentions = extras.mentions.reduce(0) { $0 + ProtobufSize.string(7, $1.text) }
    let forwarded = extras.forwarded.map { ProtobufSize.bytes(9, count: length(of: $0)) } ?? 0
    return ProtobufSize.fixed64(6, extras.replyTo.rawValue) + mentions
      + ProtobufSize.uint(8, extras.mentionsEveryone ? 1 : 0) + forwarded
      + ProtobufSize.fixed64(10, extras.expiresAt.milliseconds)
  }

  private static func length(of forwarded: Forwarded) -> Int {
    ProtobufSize.fixed64(1, forwarded.messageID.rawValue)
      + ProtobufSize.string(2, forwarded.user.text)
      + ProtobufSize.fixed64(3, forwarded.recordedAt.milliseconds)
  }

  package static func write(_ extras: MessageExtras, to writer: inout ProtobufWriter) {
    writer.fixed64(6, extras.replyTo.rawValue)
    for mention in extras.mentions { writer.string(7, mention.text) }
    writer.uint(8, extras.mentionsEveryone ? 1 : 0)
    if let forwarded = extras.forwarded {
      writer.tag(9, 2)
      writer.varint(UInt64(length(of: forwarded)))
      writer.fixed64(1, forwarded.messageID.rawValue)
      writer.string(2, forwarded.user.text)
      writer.fixed64(3, forwarded.recordedAt.milliseconds)
    }
    writer.fixed64(10, extras.expiresAt.milliseconds)
  }
}

/// Extras while they are read.
struct ReadExtras {
  private var replyTo = MessageID.none
  private var mentions: [UserID] = []
  private var mentionsEveryone = false
  private var forwarded: Forwarded?
  private var expiresAt = Timestamp.none
  private var isRead = false

  /// False for a field that is none of them.
  mutating func read(_ tag: Int, _ reader: inout ProtobufReader) throws(DaybookError) -> Bool {
    switch tag {
    case 6 << 3 | 1: replyTo = MessageID(try reader.fixed64())
    case 7 << 3 | 2: mentions.append(UserID(checked: try reader.string()))
    case 8 << 3: mentionsEveryone = try reader.varint() != 0
    case 9 << 3 | 2: forwarded = try ReadExtras.forwarded(ProtobufReader(try reader.delimited()))
    case 10 << 3 | 1: expiresAt = Timestamp(milliseconds: try reader.fixed64())
    default: return false
    }
    isRead = true
    return true
  }

  /// Nil where none was there.
  var extras: MessageExtras? {
    guard isRead else { return nil }
    return MessageExtras(
      replyTo: replyTo, mentions: mentions, mentionsEveryone: mentionsEveryone,
      forwarded: forwarded, expiresAt: expiresAt)
  }

  private static func forwarded(
    _ reader: consuming ProtobufReader
  ) throws(DaybookError) -> Forwarded {
    var forwarded = Forwarded(messageID: .none, user: UserID(checked: ""), recordedAt: .none)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 1: forwarded.messageID = MessageID(try reader.fixed64())
      case 2 << 3 | 2: forwarded.user = UserID(checked: try reader.string())
      case 3 << 3 | 1: forwarded.recordedAt = Timestamp(milliseconds: try reader.fixed64())
      default: try reader.skip(tag)
      }
    }
    return forwarded
  }
}

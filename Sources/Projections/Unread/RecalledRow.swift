import DaybookModel
import GRDB

/// A message that was taken back: whoever has not read it does not see it any more, so it does not count
/// as unread. Counts hold it all the same, and it is taken off when they are asked for, by whoever's
/// position lies in front of it: a recall costs one row, whatever the size of the group.
struct RecalledRow: ProjectedRow {
  static let layout = TableLayout(
    name: "recalled", keys: ["stream", "seq"], values: ["sender", "everyone", "mentions"],
    hasNumberKey: true, textValues: ["sender", "mentions"])

  let stream: String
  let seq: Seq
  var sender = ""
  var mentionsEveryone = false
  /// A line for each user who is named besides.
  var mentions = ""

  init(stream: String, seq: Seq) {
    self.stream = stream
    self.seq = seq
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    seq = Seq(columns[1].number)
    sender = columns[2].text
    mentionsEveryone = columns[3].isSet
    mentions = columns[4].text
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(seq.rawValue)
    columns.add(sender)
    columns.add(mentionsEveryone)
    columns.add(mentions)
  }

  mutating func take(_ sender: UserID, _ extras: MessageExtras?) {
    self.sender = sender.text
    mentionsEveryone = extras?.mentionsEveryone ?? false
    mentions = Set(extras?.mentions ?? []).map(\.text).sorted().joined(separator: "\n")
  }

  func mentions(_ user: UserID, in kind: StreamKey.Kind) -> Bool {
    (kind == .group && mentionsEveryone)
      || mentions.split(separator: "\n").contains { $0.utf8.elementsEqual(user.text.utf8) }
  }
}

/// What recalls take off a count of unread messages.
struct RecalledCount: Equatable {
  var unread: UInt64 = 0
  var mentions: UInt64 = 0

  /// Of the messages past `seq` that others sent. `sender`: by this one alone, as in a mailbox.
  init(
    _ recalled: [RecalledRow], past seq: Seq, from sender: UserID? = nil, to reader: UserID,
    in kind: StreamKey.Kind
  ) {
    for row in recalled where row.seq > seq {
      let author = UserID(checked: row.sender)
      guard author != reader, sender.map({ $0 == author }) ?? true else { continue }
      unread += 1
      if row.mentions(reader, in: kind) { mentions += 1 }
    }
  }
}

extension RecalledRow {
  /// Those of a stream past a seq.
  static func rows(
    _ database: Database, of stream: StreamKey, past seq: Seq
  ) throws -> [RecalledRow] {
    try database.rows(
      "SELECT stream, seq, sender, everyone, mentions FROM recalled WHERE stream = ? AND seq > ?",
      [stream.text, seq.rawValue.column]
    ).map { RecalledRow(columns: $0.databaseValues) }
  }
}

import DaybookModel
import GRDB
import Ports

/// What a user has: groups with their stays, conversations with their last messages, and how far each
/// was read. From three read models, each of one moment.
enum OverviewQuery {
  struct Readers {
    let offline: ProjectionReader
    let history: ProjectionReader
    let unread: ProjectionReader
  }

  /// By ascending bytes of their names: groups first, then peers.
  static func page(
    of user: UserID, after: StreamKey?, limit: Int, _ counts: GroupReadCounts, in files: Readers
  ) throws(DaybookError) -> [ConversationOverview] {
    var page: [ConversationOverview] = []
    if after?.kind != .user {
      page = try groups(of: user, after: after, limit: limit, in: files.offline)
    }
    if page.count < limit {
      let peer = after?.kind == .user ? after?.userID : nil
      page += try peers(of: user, after: peer, limit: limit - page.count, in: files.history)
    }
    try addHeads(to: &page, in: files.history)
    let read = try UnreadQuery.entries(
      of: user, names: page.map(\.conversation), counts, in: files.unread)
    let entries = Dictionary(read.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for index in page.indices {
      guard let entry = entries[page[index].conversation] else { continue }
      (page[index].readSeq, page[index].unread) = (entry.readSeq, entry.unread)
      (page[index].mentions, page[index].marks) = (entry.mentions, entry.marks)
    }
    return page
  }

  private static func groups(
    of user: UserID, after: StreamKey?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [ConversationOverview] {
    let rows = try reader.read { database in
      try database.rows(
        """
        SELECT stream, since FROM memberships JOIN streams USING (stream)
        WHERE user = ? AND since > 0 AND dissolved = 0 AND stream > ? ORDER BY stream LIMIT ?
        """, [user.text, after?.text ?? "", limit])
    }
    return rows.compactMap { row in
      StreamKey(checked: row[0] as String).map {
        ConversationOverview(conversation: $0, joined: Seq(UInt64(bitPattern: row[1])))
      }
    }
  }

  private static func peers(
    of user: UserID, after: UserID?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [ConversationOverview] {
    let rows = try reader.read { database in
      try database.rows(
        """
        SELECT peer, last_message_id, last_seq, last_recorded_at_ms FROM conversations
        WHERE stream = ? AND peer > ? ORDER BY peer LIMIT ?
        """, [StreamKey.user(user).text, after?.text ?? "", limit])
    }
    return rows.map { row in
      var overview = ConversationOverview(conversation: .user(UserID(checked: row[0])))
      overview.take(row)
      return overview
    }
  }

  /// Of the groups among them. What was said before the present stay isn't the user's to be told.
  private static func addHeads(
    to page: inout [ConversationOverview], in reader: ProjectionReader
  ) throws(DaybookError) {
    let groups = page.filter { $0.conversation.kind == .group }.map(\.conversation.text)
    guard !groups.isEmpty else { return }
    let rows = try reader.read { database in
      try groups.map { group in
        try database.firstRow(
          """
          SELECT peer, last_message_id, last_seq, last_recorded_at_ms FROM conversations
          WHERE stream = ? AND peer = ''
          """, [group])
      }
    }
    for (index, row) in zip(page.indices, rows) {
      guard let row, Seq(UInt64(bitPattern: row[2])) >= page[index].joined else { continue }
      page[index].take(row)
    }
  }
}

extension ConversationOverview {
  fileprivate mutating func take(_ row: StoredRow) {
    lastMessageID = MessageID(UInt64(bitPattern: row[1]))
    lastSeq = Seq(UInt64(bitPattern: row[2]))
    lastRecordedAt = Timestamp(milliseconds: UInt64(bitPattern: row[3]))
  }
}

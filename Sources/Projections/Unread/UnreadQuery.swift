import DaybookModel
import GRDB
import Ports

/// Questions to the unread projection.
enum UnreadQuery {
  /// Every conversation with unread messages, or marked as unread, under the name that its user has
  /// for it. Takes the mailbox's stream and the user's id.
  private static let everything = """
    WITH counted AS (
      SELECT 'user/' || peer AS name, unread, mentions FROM directs
      WHERE stream = :mailbox AND unread > 0
      UNION ALL
      SELECT members.stream, messages - messages_at_read - own_after,
        everyone - everyone_at_read - own_everyone_after + mentioned_after
      FROM members JOIN groups USING (stream)
      WHERE user = :user AND member = 1 AND dissolved = 0
        AND messages - messages_at_read - own_after > 0
    ), everything AS (
      SELECT name, counted.unread AS unread, mentions, coalesce(quiet, 0) AS quiet,
        coalesce(marks.unread, 0) AS marked
      FROM counted LEFT JOIN marks ON marks.stream = :mailbox AND conversation = name
      UNION ALL
      SELECT conversation, 0, 0, quiet, unread FROM marks
      WHERE stream = :mailbox AND unread = 1 AND conversation NOT IN (SELECT name FROM counted)
    )
    """

  /// By ascending bytes of their names. All of them for a negative limit.
  static func page(
    of user: UserID, after: StreamKey?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> UnreadPage {
    try reader.read { database in
      let who: [String: any DatabaseValueConvertible] = [
        "mailbox": StreamKey.user(user).text, "user": user.text,
      ]
      let totals = try database.firstRow(
        """
        \(everything) SELECT coalesce(sum(unread) FILTER (WHERE quiet = 0), 0),
          coalesce(sum(unread) FILTER (WHERE quiet <> 0), 0), coalesce(sum(mentions), 0)
        FROM everything
        """, StatementArguments(who))
      let page: [String: any DatabaseValueConvertible] = [
        "after": after?.text ?? "", "limit": limit < 0 ? -1 : limit + 1,
      ]
      let rows = try database.rows(
        """
        \(everything) SELECT name, unread, mentions, quiet, marked FROM everything
        WHERE name > :after ORDER BY name LIMIT :limit
        """, StatementArguments(who.merging(page) { a, _ in a }))
      assert(
        limit < 0 || rows.count <= limit + 1, "no more than a page, and whether there are more")
      let isCut = limit >= 0 && rows.count > limit
      return UnreadPage(
        conversations: (isCut ? rows.dropLast() : rows[...]).compactMap { count($0, of: user) },
        total: UInt64(bitPattern: totals?[0] ?? 0),
        quietTotal: UInt64(bitPattern: totals?[1] ?? 0),
        mentionsTotal: UInt64(bitPattern: totals?[2] ?? 0), more: isCut)
    }
  }

  private static func count(_ row: StoredRow, of user: UserID) -> UnreadCount? {
    StreamKey(checked: row[0] as String).map { name in
      UnreadCount(
        conversation: name.userID.map { ConversationKey(mailbox: user, peer: $0) }
          ?? ConversationKey(stream: name, peer: nil),
        unread: UInt64(bitPattern: row[1]), mentions: UInt64(bitPattern: row[2]),
        isQuiet: row[3], isMarked: row[4])
    }
  }

  static func marks(
    of user: UserID, after: StreamKey?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [MarkedConversation] {
    try reader.read { try marks($0, user, after: after, limit: limit) }
  }

  /// All of them for a negative limit.
  private static func marks(
    _ database: Database, _ user: UserID, after: StreamKey?, limit: Int
  ) throws -> [MarkedConversation] {
    let rows = try database.rows(
      """
      SELECT conversation, quiet, pinned, unread FROM marks
      WHERE stream = ? AND conversation > ? AND quiet + pinned + unread > 0
      ORDER BY conversation LIMIT ?
      """, [StreamKey.user(user).text, after?.text ?? "", limit])
    return rows.compactMap { row in
      StreamKey(checked: row[0] as String).map { conversation in
        MarkedConversation(
          conversation: conversation,
          marks: ConversationMarks(isQuiet: row[1], isPinned: row[2], isUnread: row[3]))
      }
    }
  }

  /// All of them for a negative limit.
  static func blocked(
    by user: UserID, after: UserID?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [UserID] {
    try reader.read { database in
      let peers = try database.texts(
        """
        SELECT peer FROM blocked WHERE stream = ? AND peer > ? AND blocked = 1
        ORDER BY peer LIMIT ?
        """, [StreamKey.user(user).text, after?.text ?? "", limit])
      return peers.map { UserID(checked: $0) }
    }
  }
}

import DaybookModel
import GRDB
import Ports

/// Questions to the unread projection.
enum UnreadQuery {
  /// Conversations with unread messages, or marked as unread: mailbox first, in order of their
  /// names' bytes.
  static func unread(
    of user: UserID, in reader: ProjectionReader
  ) throws(DaybookError) -> [UnreadCount] {
    try reader.read { database in
      var counts = try directs(database, user) + groups(database, user)
      var places: [StreamKey: Int] = [:]
      for (at, count) in counts.enumerated() { places[name(count.conversation)] = at }
      for mark in try marks(database, user, after: nil, limit: -1) {
        if let at = places[mark.conversation] {
          counts[at].isQuiet = mark.marks.isQuiet
          counts[at].isMarked = mark.marks.isUnread
        } else if mark.marks.isUnread {
          counts.append(
            UnreadCount(
              conversation: conversation(mark.conversation, of: user), unread: 0,
              isQuiet: mark.marks.isQuiet, isMarked: true))
        }
      }
      return counts.sorted { isBefore($0.conversation, $1.conversation) }
    }
  }

  private static func directs(_ database: Database, _ user: UserID) throws -> [UnreadCount] {
    let rows = try database.rows(
      "SELECT peer, unread, mentions FROM directs WHERE stream = ? AND unread > 0",
      [StreamKey.user(user).text])
    return rows.map { row in
      UnreadCount(
        conversation: ConversationKey(mailbox: user, peer: UserID(checked: row[0])),
        unread: UInt64(bitPattern: row[1]), mentions: UInt64(bitPattern: row[2]))
    }
  }

  private static func groups(_ database: Database, _ user: UserID) throws -> [UnreadCount] {
    let rows = try database.rows(
      """
      SELECT members.stream, messages - messages_at_read - own_after AS unread,
        everyone - everyone_at_read - own_everyone_after + mentioned_after
      FROM members JOIN groups USING (stream)
      WHERE user = ? AND member = 1 AND dissolved = 0
        AND messages - messages_at_read - own_after > 0
      """, [user.text])
    return rows.compactMap { row in
      StreamKey(checked: row[0] as String).map { group in
        UnreadCount(
          conversation: ConversationKey(stream: group, peer: nil),
          unread: UInt64(bitPattern: row[1]), mentions: UInt64(bitPattern: row[2]))
      }
    }
  }

  /// As its user names it.
  private static func name(_ conversation: ConversationKey) -> StreamKey {
    conversation.peer.map { .user($0) } ?? conversation.stream
  }

  private static func conversation(_ name: StreamKey, of user: UserID) -> ConversationKey {
    name.userID.map { ConversationKey(mailbox: user, peer: $0) }
      ?? ConversationKey(stream: name, peer: nil)
  }

  private static func isBefore(_ a: ConversationKey, _ b: ConversationKey) -> Bool {
    switch (a.peer, b.peer) {
    case (let a?, let b?): a < b
    case (nil, nil): a.stream.text.utf8.lexicographicallyPrecedes(b.stream.text.utf8)
    case (let a, _): a != nil
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

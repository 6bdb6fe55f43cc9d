import DaybookModel
import GRDB
import Ports

/// Questions to the unread projection.
enum UnreadQuery {
  /// Conversations with unread messages, mailbox first, in order of their names' bytes.
  static func unread(
    of user: UserID, in reader: ProjectionReader
  ) throws(DaybookError) -> [UnreadCount] {
    let mailbox = StreamKey.user(user)
    return try reader.read { database in
      let directs = try Row.fetchAll(
        database,
        sql: "SELECT peer, unread FROM directs WHERE stream = ? AND unread > 0 ORDER BY peer",
        arguments: [mailbox.text])
      let groups = try Row.fetchAll(
        database,
        sql: """
          SELECT members.stream, messages - messages_at_read - own_after AS unread
          FROM members JOIN groups USING (stream)
          WHERE user = ? AND member = 1 AND messages - messages_at_read - own_after > 0
          ORDER BY members.stream
          """, arguments: [user.text])
      let direct = directs.map { row in
        UnreadCount(
          conversation: ConversationKey(mailbox: user, peer: UserID(checked: row[0])),
          unread: UInt64(bitPattern: row[1]))
      }
      let grouped = groups.compactMap { row in
        StreamKey(checked: row[0] as String).map { group in
          UnreadCount(
            conversation: ConversationKey(stream: group, peer: nil),
            unread: UInt64(bitPattern: row[1]))
        }
      }
      return direct + grouped
    }
  }

  static func members(
    of group: GroupID, after: UserID?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [UserID] {
    try reader.read { database in
      let ids = try String.fetchAll(
        database,
        sql: """
          SELECT user FROM members WHERE stream = ? AND member = 1 AND user > ?
          ORDER BY user LIMIT ?
          """, arguments: [StreamKey.group(group).text, after?.text ?? "", limit])
      return ids.map { UserID(checked: $0) }
    }
  }
}

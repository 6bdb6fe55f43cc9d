import DaybookModel
import GRDB
import Ports

/// Questions to the history projection.
enum ReactionsQuery {
  /// Of those among the messages that were reacted to. `user` is who asks.
  static func reactions(
    to messages: [MessageID], in stream: StreamKey, for user: UserID?, in reader: ProjectionReader
  ) throws(DaybookError) -> [MessageID: [MessageAmendments.Reaction]] {
    try reader.read { database in
      var found: [MessageID: [MessageAmendments.Reaction]] = [:]
      for id in messages {
        let rows = try database.rows(
          """
          SELECT reaction, users, EXISTS (
            SELECT 1 FROM reactions AS own
            WHERE own.stream = counts.stream AND own.message_id = counts.message_id
              AND own.user = ? AND own.reaction = counts.reaction AND own.present = 1)
          FROM reaction_counts AS counts
          WHERE stream = ? AND message_id = ? AND users > 0 ORDER BY reaction
          """, [user?.text ?? "", stream.text, Int64(bitPattern: id.rawValue)])
        if rows.isEmpty { continue }
        found[id] = rows.map { row in
          MessageAmendments.Reaction(
            reaction: row[0], count: UInt64(bitPattern: row[1]), isOwn: row[2])
        }
      }
      return found
    }
  }
}

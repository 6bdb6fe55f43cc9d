import DaybookModel
import GRDB
import Ports

/// Questions to the history projection.
enum ReactionsQuery {
  typealias Reaction = MessageAmendments.Reaction

  struct Asked {
    let stream: StreamKey
    /// Who asks.
    let user: UserID?
    /// What of the stream that is shown; nil: all.
    var visible: [SeqInterval]?
    var bytesMax = Int.max
  }

  struct Found {
    /// Of those among the messages that were reacted to.
    var reactions: [MessageID: [Reaction]] = [:]
    /// For those of messages below this one there was no room.
    var lowest = MessageID.none
  }

  /// Newest first, until `bytesMax` bytes were found, but always those of one message. `messages` is
  /// ascending.
  static func reactions(
    to messages: [MessageID], _ asked: Asked, in reader: ProjectionReader
  ) throws(DaybookError) -> Found {
    try reader.read { database in
      var found = Found()
      var bytes = 0
      var last = MessageID.none
      for id in messages.reversed() {
        let reactions =
          if let visible = asked.visible {
            try self.seen(database, asked.stream, id, for: asked.user, visible)
          } else {
            try counted(database, asked.stream, id, for: asked.user)
          }
        bytes += MessageAmendments.bytes(of: reactions)
        if bytes > asked.bytesMax, last != .none {
          found.lowest = last
          return found
        }
        if !reactions.isEmpty { found.reactions[id] = reactions }
        last = id
      }
      return found
    }
  }

  private static func counted(
    _ database: Database, _ stream: StreamKey, _ id: MessageID, for user: UserID?
  ) throws -> [Reaction] {
    let rows = try database.rows(
      """
      SELECT reaction, users, EXISTS (
        SELECT 1 FROM reactions AS own
        WHERE own.stream = counts.stream AND own.message_id = counts.message_id
          AND own.user = ? AND own.reaction = counts.reaction AND own.present = 1)
      FROM reaction_counts AS counts
      WHERE stream = ? AND message_id = ? AND users > 0 ORDER BY reaction
      """, [user?.text ?? "", stream.text, Int64(bitPattern: id.rawValue)])
    return rows.map { row in
      Reaction(reaction: row[0], count: UInt64(bitPattern: row[1]), isOwn: row[2])
    }
  }

  /// Counted one by one: few ask who don't see all.
  private static func seen(
    _ database: Database, _ stream: StreamKey, _ id: MessageID, for user: UserID?,
    _ visible: [SeqInterval]
  ) throws -> [Reaction] {
    let rows = try database.rows(
      """
      SELECT reaction, seq, user = ? FROM reactions
      WHERE stream = ? AND message_id = ? AND present = 1 ORDER BY reaction
      """, [user?.text ?? "", stream.text, Int64(bitPattern: id.rawValue)])
    var seen: [Reaction] = []
    for row in rows where visible.shows(Seq(UInt64(bitPattern: row[1]))) {
      let (text, isOwn): (String, Bool) = (row[0], row[2])
      if let last = seen.last, ByteEquality.of(last.reaction, text) {
        seen[seen.count - 1].count += 1
        seen[seen.count - 1].isOwn = last.isOwn || isOwn
      } else {
        seen.append(Reaction(reaction: text, count: 1, isOwn: isOwn))
      }
    }
    return seen
  }
}

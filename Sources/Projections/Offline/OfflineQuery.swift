import DaybookModel
import GRDB
import Ports

/// Questions to the offline projection.
enum OfflineQuery {
  /// In order of their names' bytes.
  static func streams(
    after: StreamKey?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [(StreamKey, Seq)] {
    let rows = try reader.read { database in
      try database.rows(
        "SELECT stream, head FROM streams WHERE stream > ? ORDER BY stream LIMIT ?",
        [after?.text ?? "", limit])
    }
    return rows.compactMap { row in
      StreamKey(checked: row[0]).map { ($0, Seq((row[1] as DatabaseValue).number)) }
    }
  }

  /// The mailbox, then each group that the user is in, in order of their names' bytes.
  /// Throws `unknown_user`, `unknown_device`.
  static func offline(
    user: UserID, device: DeviceID, in reader: ProjectionReader
  ) throws(DaybookError) -> [OfflineStream] {
    try reader.read { database in
      let mailbox = StreamKey.user(user)
      let cursors = try cursors(database, user, device)
      guard let cursors else { throw try unknown(database, user, device) }
      var streams = [
        offline(
          mailbox, head: try head(database, mailbox.text),
          cursor: cursors[mailbox] ?? .none, visible: [SeqInterval(first: Seq(1), last: nil)])
      ]
      let groups = try database.rows(
        """
        SELECT stream, since FROM memberships JOIN streams USING (stream)
        WHERE user = ? AND since > 0 AND dissolved = 0 ORDER BY stream
        """, [user.text])
      for group in groups {
        guard let stream = StreamKey(checked: group[0] as String) else { continue }
        let since = Seq(UInt64(bitPattern: group[1]))
        let visible =
          try pastStays(database, stream.text, user) + [SeqInterval(first: since, last: nil)]
        streams.append(
          offline(
            stream, head: try head(database, stream.text),
            cursor: cursors[stream] ?? Seq(max(since.rawValue, 1) - 1), visible: visible))
      }
      return streams
    }
  }

  private static func offline(
    _ stream: StreamKey, head: Seq, cursor: Seq, visible: [SeqInterval]
  ) -> OfflineStream {
    var pending: UInt64 = 0
    for interval in visible {
      let first = max(interval.first, cursor.next)
      let last = min(interval.last ?? head, head)
      if first <= last { pending &+= last.rawValue - first.rawValue + 1 }
    }
    return OfflineStream(stream: stream, head: head, cursor: cursor, pending: pending)
  }

  /// Nil for a device that never followed anything, or was forgotten.
  /// Of a group the greater of what its own stream and the user's mailbox say counts, as far as it is
  /// said of the device that the mailbox knows.
  private static func cursors(
    _ database: Database, _ user: UserID, _ device: DeviceID
  ) throws -> [StreamKey: Seq]? {
    let mailbox = StreamKey.user(user)
    let rows = try database.rows(
      "SELECT stream, cursor, forgotten, registration FROM cursors WHERE user = ? AND device = ?",
      [user.text, device.text])
    let own = rows.first { ($0[0] as String) == mailbox.text }
    if own.map({ $0[2] }) ?? false { return nil }
    let registration: Int64 = own.map { $0[3] } ?? 0
    let gathered = try database.rows(
      "SELECT conversation, cursor, 0, registration FROM group_cursors WHERE stream = ? AND device = ?",
      [mailbox.text, device.text])
    var cursors: [StreamKey: Seq] = [:]
    for row in rows + gathered {
      guard let stream = StreamKey(checked: row[0] as String) else { continue }
      let known: Int64 = row[3]
      guard known == registration || known == 0 || registration == 0 else { continue }
      cursors[stream] = max(cursors[stream] ?? .none, Seq(UInt64(bitPattern: row[1])))
    }
    return cursors.isEmpty ? nil : cursors
  }

  private static func head(_ database: Database, _ stream: String) throws -> Seq {
    let row = try database.firstRow("SELECT head FROM streams WHERE stream = ?", [stream])
    return row.map { Seq(UInt64(bitPattern: $0[0])) } ?? .none
  }

  private static func pastStays(
    _ database: Database, _ stream: String, _ user: UserID
  ) throws -> [SeqInterval] {
    let rows = try database.rows(
      "SELECT first, last FROM past_stays WHERE user = ? AND stream = ? ORDER BY first",
      [user.text, stream])
    return rows.map { row in
      SeqInterval(
        first: Seq(UInt64(bitPattern: row[0])), last: Seq(UInt64(bitPattern: row[1])))
    }
  }

  private static func unknown(
    _ database: Database, _ user: UserID, _ device: DeviceID
  ) throws -> DaybookError {
    let isKnown =
      try Bool.fetchOne(
        database,
        sql: """
          SELECT EXISTS (SELECT 1 FROM streams WHERE stream = ?)
            OR EXISTS (SELECT 1 FROM cursors WHERE user = ?)
            OR EXISTS (SELECT 1 FROM memberships WHERE user = ?)
          """, arguments: [StreamKey.user(user).text, user.text, user.text]) ?? false
    return isKnown
      ? DaybookError(.unknownDevice, "\(user) has no device '\(device)': check its name")
      : DaybookError(.unknownUser, "nobody called '\(user)' is known: check the name")
  }
}

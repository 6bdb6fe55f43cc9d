import DaybookModel
import GRDB
import Ports

/// Questions to the directory projection about users and their devices.
enum UserQuery {
  /// In the order asked.
  static func lastSeen(
    of users: [UserID], in reader: ProjectionReader
  ) throws(DaybookError) -> [Timestamp] {
    try reader.read { database in
      try users.map { try known(database, $0)?.lastSeen ?? .none }
    }
  }

  private static func known(_ database: Database, _ user: UserID) throws -> KnownUser? {
    let row = try database.firstRow(
      "\(KnownUser.layout.everything) WHERE stream = ?", [StreamKey.user(user).text])
    return row.map { KnownUser(columns: Array($0.databaseValues)) }
  }

  /// In order of their ids' bytes, those that were forgotten too. Cursors are the offline
  /// projection's.
  static func devices(
    of user: UserID, in reader: ProjectionReader, cursors: ProjectionReader
  ) throws(DaybookError) -> [DeviceDetails] {
    let mailbox = StreamKey.user(user).text
    let positions = try cursors.read { database in
      try database.rows(
        "SELECT device, cursor FROM cursors WHERE stream = ? AND user = ?", [mailbox, user.text])
    }
    var cursors: [DeviceID: Seq] = [:]
    for row in positions { cursors[DeviceID(checked: row[0])] = Seq(UInt64(bitPattern: row[1])) }
    let rows = try reader.read { database in
      try database.rows(
        "\(KnownDevice.layout.everything) WHERE stream = ? ORDER BY device", [mailbox])
    }
    return rows.map { row in
      let known = KnownDevice(columns: Array(row.databaseValues))
      let device = DeviceID(checked: known.device)
      return DeviceDetails(
        device: device, cursor: cursors[device] ?? .none, added: known.added,
        sessionOpened: known.sessionOpened, sessionClosed: known.sessionClosed,
        sessions: known.sessions, isOpen: known.isOpen, client: known.client,
        isForgotten: known.isForgotten, deviceClass: known.deviceClass)
    }
  }

  /// In order of their ids' bytes.
  static func list(
    after: UserID?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [UserSummary] {
    let rows = try reader.read { database in
      try database.rows(
        """
        SELECT stream, first_seen_ms, max(session_opened_ms, session_closed_ms),
        (SELECT count(*) FROM devices WHERE devices.stream = users.stream AND forgotten = 0)
        FROM users WHERE stream > ? ORDER BY stream LIMIT ?
        """, [after.map { StreamKey.user($0).text } ?? "", limit])
    }
    return rows.compactMap { row in
      guard let user = StreamKey(checked: row[0])?.userID else { return nil }
      return UserSummary(
        user: user, firstSeen: (row[1] as DatabaseValue).time,
        lastSeen: (row[2] as DatabaseValue).time, devices: (row[3] as DatabaseValue).number)
    }
  }

  struct Readers {
    let directory: ProjectionReader
    let offline: ProjectionReader
    let unread: ProjectionReader
  }

  /// Throws `unknown_user`.
  static func details(
    of user: UserID, in files: Readers
  ) throws(DaybookError) -> UserDetails {
    let (known, groups, revoked) = try files.directory.read { database in
      guard let known = try self.known(database, user) else {
        throw DaybookError(
          .unknownUser, "nobody called '\(user)' is known: check the name")
      }
      return (
        known, try DirectoryQuery.memberships(database, of: user),
        try revocations(database, of: user)
      )
    }
    return UserDetails(
      user: user, firstSeen: known.firstSeen, lastSeen: known.lastSeen,
      devices: try devices(of: user, in: files.directory, cursors: files.offline),
      groups: groups,
      blocked: try UnreadQuery.blocked(by: user, after: nil, limit: -1, in: files.unread),
      marks: try UnreadQuery.marks(of: user, after: nil, limit: -1, in: files.unread),
      revocations: revoked)
  }

  /// Tokens of the user that are void, then those of the service of that name; in the order in which they
  /// became so.
  private static func revocations(
    _ database: Database, of user: UserID
  ) throws -> [Revocation] {
    let rows = try database.rows(
      "\(RevokedTokens.layout.everything) WHERE stream = ? ORDER BY service, seq",
      [StreamKey.user(user).text]
    ).map { RevokedTokens(columns: Array($0.databaseValues)) }
    let last = rows.filter { $0.device.isEmpty && $0.tokenID.isEmpty }
    return rows.filter { row in
      !last.contains { $0.isOfService == row.isOfService && $0.seq > row.seq }
    }.map(\.revocation)
  }
}

extension KnownUser {
  fileprivate var lastSeen: Timestamp { max(sessionOpened, sessionClosed) }
}

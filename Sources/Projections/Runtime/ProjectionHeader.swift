import DaybookModel
import GRDB

/// What a projection's file says of itself.
struct ProjectionHeader: Sendable, Equatable {
  var logID: String
  var schemaVersion: Int
  var stateHash: UInt64
  /// Events folded since it was made.
  var events: UInt64
  /// For each partition the first offset that is not folded yet.
  var checkpoints: [Offset]

  /// Throws `SQLITE_CORRUPT` for a file that is no projection's.
  static func read(from database: Database) throws -> ProjectionHeader {
    let foreign = DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it has no header")
    let stored: Row?
    let checkpoints: [Int64?]
    do {
      stored = try database.firstRow(
        "SELECT log_id, schema_version, state_hash, events FROM projection")
      checkpoints = try database.rows(
        "SELECT next_offset FROM checkpoints ORDER BY partition"
      ).map { Int64.fromDatabaseValue($0[0]) }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
      // No such table or column.
      throw foreign
    }
    guard let stored, let logID = String.fromDatabaseValue(stored[0]),
      let version = Int.fromDatabaseValue(stored[1]),
      let hash = String.fromDatabaseValue(stored[2]).flatMap({ UInt64($0, radix: 16) }),
      let events = Int64.fromDatabaseValue(stored[3]), !checkpoints.contains(nil)
    else { throw foreign }
    return ProjectionHeader(
      logID: logID, schemaVersion: version, stateHash: hash, events: UInt64(bitPattern: events),
      checkpoints: checkpoints.compactMap { $0 }.map { Offset($0) })
  }

  func create(in database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE projection(
          id INTEGER PRIMARY KEY CHECK (id = 1), log_id TEXT NOT NULL,
          schema_version INTEGER NOT NULL, state_hash TEXT NOT NULL, events INTEGER NOT NULL);
        CREATE TABLE checkpoints(
          partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
        """)
    try database.execute(
      sql: "INSERT INTO projection VALUES (1, ?, ?, ?, ?)",
      arguments: [logID, schemaVersion, Hex.digits(stateHash), Int64(bitPattern: events)])
    for (partition, offset) in checkpoints.enumerated() {
      try database.execute(
        sql: "INSERT INTO checkpoints VALUES (?, ?)", arguments: [partition, offset.rawValue])
    }
  }

  func update(in database: Database, since before: ProjectionHeader) throws {
    let projection = try database.cachedStatement(
      sql: "UPDATE projection SET state_hash = ?, events = ?")
    try projection.execute(arguments: [Hex.digits(stateHash), Int64(bitPattern: events)])
    let checkpoint = try database.cachedStatement(
      sql: "UPDATE checkpoints SET next_offset = ? WHERE partition = ?")
    for partition in checkpoints.indices
    where checkpoints[partition] != before.checkpoints[partition] {
      assert(checkpoints[partition] > before.checkpoints[partition])
      try checkpoint.execute(arguments: [checkpoints[partition].rawValue, partition])
    }
  }
}

enum Hex {
  /// 16 digits.
  static func digits(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

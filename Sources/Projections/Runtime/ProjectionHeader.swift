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

  static func read(from database: Database) throws -> ProjectionHeader {
    let stored = try Row.fetchOne(
      database, sql: "SELECT log_id, schema_version, state_hash, events FROM projection")
    guard let stored, let hash = UInt64(stored[2] as String, radix: 16) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it has no header")
    }
    let checkpoints = try Int64.fetchAll(
      database, sql: "SELECT next_offset FROM checkpoints ORDER BY partition")
    return ProjectionHeader(
      logID: stored[0], schemaVersion: stored[1], stateHash: hash,
      events: UInt64(bitPattern: stored[3]), checkpoints: checkpoints.map { Offset($0) })
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

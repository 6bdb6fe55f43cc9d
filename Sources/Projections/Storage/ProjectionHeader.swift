import DaybookModel
import GRDB
import Ports

/// What a projection's file says of itself. Sealed with the log's secret, for it states how far the
/// log went: a header that was changed, or is of another moment than the rest of it, states nothing.
struct ProjectionHeader: Sendable, Equatable {
  var name: String
  var logID: String
  var schemaVersion: Int
  var stateHash: UInt64
  /// Events folded since it was made.
  var events: UInt64
  /// For each partition the first offset that is not folded yet.
  var checkpoints: [Offset]

  /// What the seal is of: everything, each text behind its length, numbers as 8 bytes, all
  /// little-endian.
  func checksum(_ seal: LogSeal) -> UInt32 {
    var bytes: [UInt8] = []
    func append(_ number: UInt64) {
      withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
    for text in ["daybook projection", name, logID] {
      append(UInt64(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
    }
    append(UInt64(bitPattern: Int64(schemaVersion)))
    append(stateHash)
    append(events)
    append(UInt64(checkpoints.count))
    for checkpoint in checkpoints { append(UInt64(bitPattern: checkpoint.rawValue)) }
    return seal(bytes)
  }

  static func createTables(in database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE projection(
          id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, log_id TEXT NOT NULL,
          schema_version INTEGER NOT NULL, state_hash TEXT NOT NULL, events INTEGER NOT NULL,
          seal INTEGER NOT NULL);
        CREATE TABLE checkpoints(
          partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
        """)
  }

  func create(in database: Database, sealedBy seal: LogSeal) throws {
    assert(!checkpoints.isEmpty, "a log has a partition")
    try ProjectionHeader.createTables(in: database)
    try database.execute(
      sql: "INSERT INTO projection VALUES (1, ?, ?, ?, ?, ?, ?)",
      arguments: [
        name, logID, schemaVersion, Hex.digits(stateHash), Int64(bitPattern: events),
        Int64(checksum(seal)),
      ])
    for (partition, offset) in checkpoints.enumerated() {
      try database.execute(
        sql: "INSERT INTO checkpoints VALUES (?, ?)", arguments: [partition, offset.rawValue])
    }
  }

  func update(
    in database: Database, since before: ProjectionHeader, sealedBy seal: LogSeal
  ) throws {
    assert(
      (name, logID, schemaVersion) == (before.name, before.logID, before.schemaVersion),
      "a file stays that of its log, and of its version")
    let projection = try PreparedSQL(
      "UPDATE projection SET state_hash = ?, events = ?, seal = ?", in: database)
    projection.bind(Hex.digits(stateHash), at: 1)
    projection.bind(events, at: 2)
    projection.bind(UInt64(checksum(seal)), at: 3)
    try projection.run()
    let checkpoint = try PreparedSQL(
      "UPDATE checkpoints SET next_offset = ? WHERE partition = ?", in: database)
    for partition in checkpoints.indices
    where checkpoints[partition] != before.checkpoints[partition] {
      assert(checkpoints[partition] > before.checkpoints[partition], "checkpoints rise")
      checkpoint.bind(UInt64(bitPattern: checkpoints[partition].rawValue), at: 1)
      checkpoint.bind(UInt64(partition), at: 2)
      try checkpoint.run()
    }
  }
}

/// A header as it stands in a file, with the seal that stands beside it.
struct StoredHeader: Sendable, Equatable {
  let header: ProjectionHeader
  let seal: Int64

  func isSealed(by seal: LogSeal) -> Bool { self.seal == Int64(header.checksum(seal)) }

  /// Throws `SQLITE_CORRUPT` for a file that is no projection's, or of a time before seals.
  static func read(from database: Database) throws -> StoredHeader {
    let foreign = DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it has no header")
    let stored: StoredRow?
    let checkpoints: [StoredRow]
    do {
      stored = try database.firstRow(
        "SELECT name, log_id, schema_version, state_hash, events, seal FROM projection")
      checkpoints = try database.rows(
        "SELECT partition, next_offset FROM checkpoints ORDER BY partition")
    } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
      // No such table or column.
      throw foreign
    }
    guard let stored, let name = String.fromDatabaseValue(stored[0]),
      let logID = String.fromDatabaseValue(stored[1]),
      let version = Int.fromDatabaseValue(stored[2]),
      let hash = String.fromDatabaseValue(stored[3]).flatMap({ UInt64($0, radix: 16) }),
      let events = Int64.fromDatabaseValue(stored[4]),
      let seal = Int64.fromDatabaseValue(stored[5])
    else { throw foreign }
    var offsets: [Offset] = []
    for row in checkpoints {
      guard Int.fromDatabaseValue(row[0]) == offsets.count,
        let next = Int64.fromDatabaseValue(row[1])
      else { throw foreign }
      offsets.append(Offset(next))
    }
    assert(offsets.count == checkpoints.count, "every partition's row was read, in its place")
    return StoredHeader(
      header: ProjectionHeader(
        name: name, logID: logID, schemaVersion: version, stateHash: hash,
        events: UInt64(bitPattern: events), checkpoints: offsets),
      seal: seal)
  }
}

enum Hex {
  /// 16 digits.
  static func digits(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    assert(digits.count <= 16, "a digit for every four bits, at most")
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

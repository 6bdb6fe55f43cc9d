import DaybookModel
import Foundation
import GRDB
import Ports

/// One projection's SQLite file: its rows, and in the same transactions the offsets up to which
/// it has folded the log, and its state hash.
///
/// A commit is not synced (WAL, synchronous=NORMAL): what a power cut takes is derived again.
final class ProjectionFile {
  /// Why a file was made anew instead of continued.
  enum Origin: Sendable, Equatable {
    case continued, new, otherLog, otherSchema, unreadable
  }

  let path: String
  let origin: Origin
  private(set) var header: ProjectionHeader
  private let queue: DatabaseQueue
  private let name: ProjectionName
  private let seal: LogSeal

  /// Opens the file, or makes it anew where there is none, or one that is damaged, of another log
  /// or of another schema. One that is past the log's head bears witness of what the log has
  /// lost: it stays as it is. Throws `storage_failed`, `permission_denied`,
  /// `storage_full`, `overloaded`, and leaves the file as it is.
  init(
    _ name: ProjectionName, path: String, layouts: [TableLayout], log: any LogReader
  ) throws(DaybookError) {
    self.name = name
    self.path = path
    seal = log.seal
    var reason = Origin.new
    if FileManager.default.fileExists(atPath: path) {
      let (queue, stored) = try ProjectionFile.openExisting(path, layouts)
      reason = stored.map { ProjectionFile.judge($0, name, log) } ?? .unreadable
      if let queue, let stored, reason == .continued {
        self.queue = queue
        self.header = stored.header
        self.origin = .continued
        return
      }
      try? queue?.close()
    }
    try ProjectionFile.remove(path)
    self.origin = reason
    header = ProjectionHeader(
      name: name.rawValue, logID: log.logID, schemaVersion: name.schemaVersion, stateHash: 0,
      events: 0,
      checkpoints: Array(repeating: .zero, count: log.partitionCount))
    queue = try ProjectionFile.make(path, header, layouts, log.seal)
  }

  private static func judge(
    _ stored: StoredHeader, _ name: ProjectionName, _ log: any LogReader
  ) -> Origin {
    let header = stored.header
    guard header.logID == log.logID, header.checkpoints.count == log.partitionCount else {
      return .otherLog
    }
    guard stored.isSealed(by: log.seal), header.name == name.rawValue else { return .unreadable }
    return header.schemaVersion == name.schemaVersion ? .continued : .otherSchema
  }

  private static func open(_ path: String) throws -> (DatabaseQueue, StoredHeader) {
    let queue = try DatabaseQueue(path: path, configuration: configuration())
    return (queue, try queue.inDatabase { try StoredHeader.read(from: $0) })
  }

  /// Without a header if the file is damaged, unreadable or no projection's: it is made anew, which
  /// costs time and nothing else. Throws what says nothing about its content, such as a lock of
  /// another program.
  private static func openExisting(
    _ path: String, _ layouts: [TableLayout]
  ) throws(DaybookError) -> (DatabaseQueue?, StoredHeader?) {
    try SQLiteFault.mapped(path) {
      do {
        let (queue, stored) = try open(path)
        // A header can be right and a table missing; what is of another schema goes anyway.
        try queue.inDatabase { database in
          for layout in layouts { _ = try database.makeStatement(sql: layout.everything) }
        }
        return (queue, stored)
      } catch let error as DatabaseError {
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_NOMEM: throw error
        // As where too many files are open.
        case .SQLITE_CANTOPEN where isUsableFile(path): throw error
        default: return (nil, nil)
        }
      }
    }
  }

  private static func isUsableFile(_ path: String) -> Bool {
    let files = FileManager.default
    return !isFolder(path) && files.isReadableFile(atPath: path)
      && files.isWritableFile(atPath: path)
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  private static func make(
    _ path: String, _ header: ProjectionHeader, _ layouts: [TableLayout], _ seal: LogSeal
  ) throws(DaybookError) -> DatabaseQueue {
    try SQLiteFault.mapped(path) {
      let queue = try DatabaseQueue(path: path, configuration: configuration())
      try queue.inTransaction { database in
        try header.create(in: database, sealedBy: seal)
        for layout in layouts { try database.execute(sql: layout.creation) }
        return .commit
      }
      return queue
    }
  }

  private static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    configuration.foreignKeysEnabled = false
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = NORMAL")
    }
    return configuration
  }

  /// Removes a file with all that SQLite keeps beside it. A folder of that name is nothing of ours:
  /// it is moved aside.
  static func remove(_ path: String) throws(DaybookError) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
      let file = path + suffix
      guard FileManager.default.fileExists(atPath: file) else { continue }
      do {
        if isFolder(file) {
          let aside = "\(file).aside-\(UInt32.random(in: .min ... .max))"
          try FileManager.default.moveItem(atPath: file, toPath: aside)
        } else {
          try FileManager.default.removeItem(atPath: file)
        }
      } catch {
        throw DaybookError(
          .storageFailed, "can't remove \(file): check its permissions", cause: error)
      }
    }
  }

  /// Runs `body` with the database. Throws what SQLite throws as `storage_failed` and the like.
  func access<T>(_ body: (Database) throws -> T) throws(DaybookError) -> T {
    try SQLiteFault.mapped(path) { try queue.unsafeReentrantWrite(body) }
  }

  /// One transaction for rows, checkpoints and state hash. If it throws, nothing has changed, and
  /// it can be tried again.
  func commit(
    _ tables: [any ProjectionTable], checkpoints: [Offset], events: UInt64
  ) throws(DaybookError) {
    var next = header
    next.checkpoints = checkpoints
    next.events &+= events
    let before = header
    try SQLiteFault.mapped(path) {
      try queue.inTransaction { database in
        for table in tables { next.stateHash &+= try table.write(to: database) }
        try next.update(in: database, since: before, sealedBy: seal)
        return .commit
      }
    }
    header = next
    for table in tables { table.committed() }
  }

  /// Brings everything into the one file, so that it can be renamed, and closes it.
  func closeAsOneFile() throws(DaybookError) {
    try SQLiteFault.mapped(path) { try ProjectionFile.closeAsOneFile(queue) }
  }

  /// As above, for a file that isn't open.
  static func closeAsOneFile(_ path: String) throws {
    try closeAsOneFile(try open(path).0)
  }

  private static func closeAsOneFile(_ queue: DatabaseQueue) throws {
    try queue.writeWithoutTransaction { database in
      _ = try Row.fetchAll(database, sql: "PRAGMA journal_mode = DELETE")
    }
    try queue.close()
  }

  func close() throws(DaybookError) {
    try SQLiteFault.mapped(path) { try queue.close() }
  }
}

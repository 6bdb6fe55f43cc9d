import DaybookModel
import Foundation
import GRDB
import Ports

/// One projection's SQLite file: its rows, and in the same transactions the offsets up to which
/// it has folded the log, and its state hash.
///
/// A commit is not synced (WAL, synchronous=NORMAL): what a power cut takes is derived again.
///
/// A new file that has much to fold begins bare: without the indexes that only questions need, and
/// without any sync. It is completed once at the log's head, and until then everybody can tell: a bare
/// file that is opened again is looked at whole before it is gone on with.
final class ProjectionFile {
  /// Why a file was made anew instead of continued.
  enum Origin: Sendable, Equatable {
    case continued, new, otherLog, otherSchema, unreadable
  }

  let path: String
  let origin: Origin
  private(set) var header: ProjectionHeader
  /// Its indexes are not made yet.
  private(set) var isBare = false
  private let queue: DatabaseQueue
  private let name: ProjectionName
  private let seal: LogSeal
  private let layouts: [TableLayout]
  private let watch = CutFiles.Watch()
  let identity: FileIdentity?

  /// Opens the file, or makes it anew where there is none, or one that is damaged, of another log
  /// or of another schema. One that is past the log's head bears witness of what the log has
  /// lost: it stays as it is. A new one begins bare if `isBulk`. Throws `storage_failed`,
  /// `permission_denied`, `storage_full`, `overloaded`, and leaves the file as it is.
  init(
    _ name: ProjectionName, path: String, layouts: [TableLayout], log: any SearchableLog,
    isBulk: Bool = false
  ) throws(DaybookError) {
    self.name = name
    self.path = path
    self.layouts = layouts
    seal = log.seal
    var reason = Origin.new
    if try !ProjectionFile.setAside(path), FileManager.default.fileExists(atPath: path) {
      let opened = try ProjectionFile.openExisting(path, name, layouts, log)
      if let queue = opened.queue, let header = opened.header {
        self.queue = queue
        self.header = header
        self.origin = .continued
        isBare = opened.isBare
        identity = FileIdentity(path)
        assert(header.checkpoints.count == log.partitionCount, "a checkpoint for each partition")
        if isBare { try setPace(.bulk) }
        return
      }
      reason = opened.origin
    }
    try ProjectionFile.remove(path)
    self.origin = reason
    header = ProjectionHeader(
      name: name.rawValue, logID: log.logID, schemaVersion: name.schemaVersion, stateHash: 0,
      events: 0,
      checkpoints: Array(repeating: .zero, count: log.partitionCount))
    isBare = isBulk && layouts.contains { !$0.indexed.isEmpty }
    queue = try ProjectionFile.make(path, header, layouts, isBare: isBare, log.seal)
    identity = FileIdentity(path)
    if isBare { try setPace(.bulk) }
  }

  private static func judge(
    _ stored: StoredHeader, _ name: ProjectionName, _ log: any SearchableLog
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

  private struct Opened {
    var queue: DatabaseQueue?
    var header: ProjectionHeader?
    var isBare = false
    var origin: Origin
  }

  /// Without a header if the file is to be made anew. Throws what says nothing about the file, such
  /// as a lock of another program.
  private static func openExisting(
    _ path: String, _ name: ProjectionName, _ layouts: [TableLayout], _ log: any SearchableLog
  ) throws(DaybookError) -> Opened {
    try SQLiteFault.mapped(path) {
      do {
        let (queue, stored) = try open(path)
        var origin = judge(stored, name, log)
        if origin == .continued {
          do {
            let isBare = try queue.inDatabase {
              try FileCheck.check($0, stored.header, layouts)
            }
            return Opened(
              queue: queue, header: stored.header, isBare: isBare, origin: .continued)
          } catch  where SQLiteFault.isOfTheFile(error) {
            origin = .unreadable
          }
        }
        try? queue.close()
        return Opened(origin: origin)
      } catch  where SQLiteFault.isOfTheFile(error) {
        return Opened(origin: .unreadable)
      } catch let error as DatabaseError
        where error.resultCode == .SQLITE_CANTOPEN && !FileIdentity.isUsable(path)
      {
        return Opened(origin: .unreadable)
      }
    }
  }

  /// What is no file is put out of the way, for it may be somebody's. True if it was.
  private static func setAside(_ path: String) throws(DaybookError) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard let type = attributes?[.type] as? FileAttributeType, type != .typeRegular else {
      return false
    }
    let aside = "\(path).aside-\(UInt32.random(in: .min ... .max))"
    guard rename(path, aside) == 0 else {
      throw DaybookError(
        .storageFailed, "\(path) is no file, and can't be renamed: check its permissions")
    }
    return true
  }

  /// The path still leads to the file that is open.
  var isInPlace: Bool { identity != nil && FileIdentity(path) == identity }

  /// False once what is mapped of it may have been cut off.
  var isIntact: Bool { watch.isIntact }

  /// Made apart, and put in its place once it has its header: who looks there meanwhile finds no file,
  /// and never one that says nothing of itself, as a damaged one does. In WAL mode from the beginning,
  /// for changing that in its place would be a moment in which a crash leaves what a reader may not
  /// roll back.
  private static func make(
    _ path: String, _ header: ProjectionHeader, _ layouts: [TableLayout], isBare: Bool,
    _ seal: LogSeal
  ) throws(DaybookError) -> DatabaseQueue {
    assert(header.stateHash == 0 && header.events == 0, "nothing was folded into a new file")
    assert(header.checkpoints.allSatisfy { $0 == .zero }, "a new file begins where the log does")
    let apart = path + ".tmp"
    // What a crash has left.
    try remove(apart)
    // Made here, for SQLite does not say what keeps it from that.
    let file = Foundation.open(apart, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemFault.error("make", path, errno) }
    Foundation.close(file)
    return try SQLiteFault.mapped(path) {
      let queue = try DatabaseQueue(path: apart, configuration: configuration())
      try queue.inTransaction { database in
        try header.create(in: database, sealedBy: seal)
        for layout in layouts {
          try database.execute(sql: layout.creation)
          if !isBare { try makeIndexes(of: layout, in: database) }
        }
        return .commit
      }
      // Of what is renamed alone, nothing may be missing.
      _ = try queue.writeWithoutTransaction { try $0.checkpoint(.truncate) }
      try queue.close()
      guard rename(apart, path) == 0 else { throw SystemFault.error("make", path, errno) }
      return try DatabaseQueue(path: path, configuration: configuration())
    }
  }

  private static func makeIndexes(of layout: TableLayout, in database: Database) throws {
    for sql in layout.indexing { try database.execute(sql: sql) }
  }

  private static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    configuration.foreignKeysEnabled = false
    configuration.prepareDatabase { try Pace.steady.set(in: $0) }
    return configuration
  }

  /// Removes a file with all that SQLite keeps beside it. What is no file is put aside.
  static func remove(_ path: String) throws(DaybookError) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
      let file = path + suffix
      guard try !setAside(file), FileManager.default.fileExists(atPath: file) else { continue }
      do {
        try FileManager.default.removeItem(atPath: file)
      } catch {
        throw DaybookError(
          .storageFailed, "can't remove \(file): check its permissions", cause: error)
      }
    }
  }

  /// Runs `body` with the database. Throws what SQLite throws as `storage_failed` and the like.
  func access<T>(_ body: (Database) throws -> T) throws(DaybookError) -> T {
    try SQLiteFault.mapped(path) { try watch.over { try queue.unsafeReentrantWrite(body) } }
  }

  /// One transaction for rows, checkpoints and state hash. If it throws, nothing has changed, and
  /// it can be tried again. `isWhole` says that it reaches the log's head: a bare file is completed by
  /// the same transaction, and what it rests on is durable before.
  func commit(
    _ tables: [any ProjectionTable], checkpoints: [Offset], events: UInt64, isWhole: Bool = false
  ) throws(DaybookError) {
    assert(checkpoints.count == header.checkpoints.count, "a log keeps its partitions")
    assert(
      zip(checkpoints, header.checkpoints).allSatisfy { $0 >= $1 },
      "what was folded is not folded again")
    assert(events == 0 || checkpoints != header.checkpoints, "whoever folds events moves on")
    var next = header
    next.checkpoints = checkpoints
    next.events &+= events
    let before = header
    let isCompleting = isBare && isWhole
    try SQLiteFault.mapped(path) {
      try watch.over {
        if isCompleting { try makeDurable() }
        try queue.inTransaction { database in
          for table in tables { next.stateHash &+= try table.write(to: database) }
          try next.update(in: database, since: before, sealedBy: seal)
          if isCompleting {
            for layout in layouts { try ProjectionFile.makeIndexes(of: layout, in: database) }
          }
          return .commit
        }
      }
    }
    header = next
    if isCompleting { isBare = false }
    for table in tables { table.committed() }
    assert(tables.allSatisfy { $0.dirtyCount == 0 }, "a commit writes all that has changed")
  }

  private func setPace(_ pace: Pace) throws(DaybookError) {
    try access { try pace.set(in: $0) }
  }

  /// What was written without a sync is made durable, and what is written from now on is again. SQLite
  /// syncs a database only where it has something to bring into it.
  private func makeDurable() throws {
    try queue.writeWithoutTransaction { database in
      try Pace.steady.set(in: database)
      let times = try database.firstRow("PRAGMA user_version").map { $0[0] as Int64 } ?? 0
      try database.execute(sql: "PRAGMA user_version = \(times % 1_000 + 1)")
      _ = try database.checkpoint(.full)
    }
  }

  /// Brings everything into the one file, so that it can be renamed, and closes it.
  func closeAsOneFile() throws(DaybookError) {
    try SQLiteFault.mapped(path) { try watch.over { try ProjectionFile.closeAsOneFile(queue) } }
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

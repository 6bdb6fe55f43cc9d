package import DaybookModel
import Files
package import Logging
package import Ports
package import Projections
package import SegmentLog

/// A data folder opened for questions. It is only read: beside a server, what that one writes; of a
/// folder that nobody serves, what is there. The projections of the latter are brought up to the
/// log first, if that is wanted; the folder is locked meanwhile. Nobody who asks becomes the log's
/// owner.
package struct OpenData {
  package let log: SegmentLogReader
  private let service: QueryService
  private let threads: PoolWork
  package let projections: ProjectionCatalog
  /// Nil beside a server.
  private let lock: FolderLock?

  package var queries: any Queries & Inspection { service }

  package var isServed: Bool { lock == nil }

  /// How long a question waits for the projections of a running server.
  private static let patience = Duration.seconds(60)

  /// Throws what opening a log throws, and what keeps the projections from catching up.
  package init(
    _ folder: DataFolder, catchesUp: Bool, logger: Logger
  ) throws(DaybookError) {
    lock = try OpenData.lock(folder)
    log = try folder.reader()
    if lock != nil { try folder.keepFromOthers(logger) }
    // Not before anything that may fail: it has to be stopped.
    threads = PoolWork()
    projections = ProjectionCatalog(folder: folder.projectionsPath, log: log, logger: logger)
    service = QueryService(
      log: log, folder: folder.projectionsPath, clock: SystemClock(),
      receiptsMembersMax: UInt64(folder.settings.receiptsMembersMax), timeout: OpenData.patience,
      threads: threads)
    do throws(DaybookError) {
      if catchesUp, !isServed {
        try projections.catchUp()
      }
    } catch {
      close()
      throw error
    }
  }

  /// Nil while a server has it.
  private static func lock(_ folder: DataFolder) throws(DaybookError) -> FolderLock? {
    do throws(DaybookError) {
      return try folder.lock()
    } catch  where error.code == .dataFolderInUse {
      return nil
    }
  }

  package func close() {
    service.stop()
    threads.stopLater()
    lock?.release()
  }
}

extension DataFolder {
  /// The log, for whoever only reads it. `scanner` sees what is read without an index.
  package func reader(
    scanner: any EventScanner = EventIndexer()
  ) throws(DaybookError) -> SegmentLogReader {
    try SegmentLogReader.open(
      in: logPath, scanner: scanner, statements: { durableStatements($0) })
  }

  /// What the snapshots and the projections state of the log.
  func durableStatements(_ log: LogDescription) -> [DurableStatement] {
    SnapshotFiles(folder: statePath, seal: log.seal).statements(partitionCount: log.partitionCount)
      + ProjectionStatements.durable(
        in: projectionsPath, logID: log.logID, partitionCount: log.partitionCount, seal: log.seal)
  }
}

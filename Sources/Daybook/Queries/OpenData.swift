import ArgumentParser
import DaybookModel
import Ports
import Projections
import SegmentLog

/// A data folder opened for questions. It is only read: beside a server, what that one writes; of a
/// folder that nobody serves, what is there. The projections of the latter are brought up to the
/// log first, if that is wanted; the folder is locked meanwhile. Nobody who asks becomes the log's
/// owner.
struct OpenData {
  let log: SegmentLogReader
  let queries: QueryService
  let projections: Projections
  /// Nil beside a server.
  private let lock: FolderLock?

  var isServed: Bool { lock == nil }

  /// How long a question waits for the projections of a running server.
  private static let patience = Duration.seconds(60)

  /// Throws what opening a log throws, and what keeps the projections from catching up.
  init(_ folder: DataFolder, catchesUp: Bool) throws(DaybookError) {
    lock = try OpenData.lock(folder)
    log = try folder.reader()
    projections = Projections(folder: folder.projectionsPath, log: log)
    queries = QueryService(
      log: log, folder: folder.projectionsPath, clock: SystemClock(),
      receiptsMembersMax: UInt64(folder.settings.receiptsMembersMax), timeout: OpenData.patience)
    do throws(DaybookError) {
      if catchesUp, !isServed {
        try projections.catchUp(report: { printToStandardError("daybook: \($0)") })
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

  func close() {
    queries.stop()
    lock?.release()
  }
}

extension DataFolder {
  /// The log, for whoever only reads it. `scanner` sees what is read without an index.
  func reader(
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

extension SegmentLogReader {
  /// Says on standard error what is wrong with the log that is read.
  func reportFindings() {
    for finding in findings { printToStandardError("daybook: \(finding)") }
  }
}

extension DataOption {
  /// Opens the folder, asks, and closes it however the asking ends. What is wrong with the folder is
  /// said on standard error; of a damaged one the answer is what is good, and the exit code tells.
  /// Of a stopped folder the projections are brought up to the log first, unless `catchesUp` is
  /// false.
  func asking(catchesUp: Bool = true, _ ask: (OpenData) async throws -> Void) async throws {
    let data = try OpenData(try open(), catchesUp: catchesUp)
    defer { data.close() }
    data.log.reportFindings()
    try await ask(data)
    if data.log.isDamaged { throw ExitCode.failure }
  }
}

import DaybookModel
import Ports
import Projections
import SegmentLog

/// A data folder opened for questions. Beside a server it reads what that one writes; else it
/// takes the server's place for a moment: recovers the log and brings the projections up to it.
struct OpenData {
  let log: any LogReader
  let queries: QueryService
  let projections: Projections
  private let owned: (log: SegmentLog, lock: FolderLock)?

  /// How long a question waits for the projections of a running server.
  private static let patience = Duration.seconds(60)

  /// Throws what opening a log throws, and what keeps the projections from catching up.
  init(_ folder: DataFolder) throws(DaybookError) {
    owned = try OpenData.own(folder)
    if let owned {
      log = owned.log
    } else {
      log = try SegmentLogReader.open(in: folder.logPath, scanner: EventIndexer())
    }
    projections = Projections(folder: folder.projectionsPath, log: log)
    queries = QueryService(
      log: log, folder: folder.projectionsPath, clock: SystemClock(),
      receiptsMembersMax: UInt64(folder.settings.receiptsMembersMax), timeout: OpenData.patience)
    do throws(DaybookError) {
      if owned != nil { try projections.catchUp() }
    } catch {
      close()
      throw error
    }
  }

  /// Nil while a server has it.
  private static func own(
    _ folder: DataFolder
  ) throws(DaybookError) -> (log: SegmentLog, lock: FolderLock)? {
    do throws(DaybookError) {
      let lock = try folder.lock()
      return (try SegmentLog.open(in: folder.logPath, scanner: EventIndexer()), lock)
    } catch  where error.code == .dataFolderInUse {
      return nil
    }
  }

  func close() {
    queries.stop()
    owned?.log.close()
    owned?.lock.release()
  }
}

extension DataOption {
  /// Opens the folder, asks, and closes it however the asking ends.
  func asking(_ ask: (OpenData) async throws -> Void) async throws {
    let data = try OpenData(try open())
    defer { data.close() }
    try await ask(data)
  }
}

import DaybookModel
import Files
import Glibc
import Logging
import NIOConcurrencyHelpers

/// Brings the segments' own files after the journal, in the background: syncs them, states that, and
/// gives the journal's files free of which nothing is needed any more. Never is the committer's lock
/// held during a sync.
final class SegmentSyncing: Sendable {
  // The log holds both; a task that waits must hold neither.
  private unowned let committer: Committer
  private unowned let background: BackgroundWork
  private let files: any FileSystem
  private let place: Journal.Place
  private let owner: Ownership
  private let logger: Logger

  init(
    _ committer: Committer, _ background: BackgroundWork, place: Journal.Place, owner: Ownership,
    logger: Logger
  ) {
    self.committer = committer
    self.background = background
    self.files = place.files
    self.place = place
    self.owner = owner
    self.logger = logger
  }

  func enqueue() {
    background.enqueue { [self] in
      var isDone = true
      committer.withDiskBusy {
        isDone = syncAll()
        recycle()
      }
      committer.wake(isBehind: !isDone)
    }
  }

  /// Begins the segment that a partition needs.
  func beginSegment(of appender: PartitionAppender) {
    background.enqueue { [self] in
      committer.withDiskBusy { committer.beginSegment(of: appender) }
    }
  }

  /// Makes the journal's next file.
  func prepare(_ plan: Journal.Plan) {
    background.enqueue { [self] in
      // A failure shows when the committer, having none ready, makes the file itself.
      var part: Journal.Part?
      committer.withDiskBusy { part = try? place.make(plan) }
      committer.state.withLock { committer.journal.prepared(part) }
      committer.wake(isBehind: false)
    }
  }

  /// False where something has to be tried again.
  private func syncAll() -> Bool {
    var isDone = true
    for appender in committer.appenders.compactMap({ $0 }) where !sync(appender) { isDone = false }
    return isDone
  }

  private func sync(_ appender: PartitionAppender) -> Bool {
    let work = committer.state.withLock {
      committer.refusal == nil ? appender.unsyncedSegment() : nil
    }
    guard let (file, point) = work else { return true }
    do throws(FileError) {
      if !Mutant.leavesOut(.segmentSync) { try files.syncData(file) }
    } catch {
      refuse(appender, error)
      return true
    }
    do throws(FileError) {
      let statement = try withLock { () throws(FileError) in
        try appender.segmentWasSynced(upTo: point)
        return appender.watermark
      }
      try sync(statement)
      committer.state.withLock { appender.statementWasSynced(statement) }
      if !statement.isInPlace { try replace(appender) }
      return true
    } catch {
      // The journal keeps what it has.
      if error.isTemporary { return false }
      refuse(appender, error)
      return true
    }
  }

  private func sync(_ statement: WatermarkFile) throws(FileError) {
    do throws(FileError) { try files.syncData(statement.file) } catch {
      // Final even where it says that the disk is full.
      throw FileError(number: EIO, operation: "sync of the watermark: \(error)")
    }
  }

  /// Somebody has removed the watermark's file, or it is that of an owner which was overtaken while it
  /// opened.
  private func replace(_ appender: PartitionAppender) throws(FileError) {
    try owner.check()
    try withLock { () throws(FileError) in try appender.watermark.makeAnew() }
    logger.warning(
      """
      partition \(appender.segments.partition): its watermark file was removed or replaced, and is \
      made anew: nothing but Daybook should touch \(appender.segments.folder)
      """)
  }

  private func refuse(_ appender: PartitionAppender, _ error: FileError) {
    committer.state.withLock { appender.refuse(error) }
  }

  private func withLock<Value>(_ body: () throws(FileError) -> Value) throws(FileError) -> Value {
    committer.state.lock()
    defer { committer.state.unlock() }
    return try body()
  }

  /// What lies before it need not be in the journal any more.
  private func stated(_ partition: Int) -> Offset {
    committer.appenders[partition]?.stated ?? .zero
  }

  private func recycle() {
    let free = committer.state.withLock {
      committer.refusal == nil
        ? committer.journal.takeFree(stated: stated) {
          committer.appenders[$0]?.refusal != nil
        } : []
    }
    for (part, header) in free {
      guard let header else {
        place.remove(part)
        continue
      }
      let again = try? place.use(part, again: header)
      if again == nil { place.remove(part) }
      committer.state.withLock { committer.journal.prepared(again) }
    }
  }

  /// After the last round: the segments hold all of it, and the journal's files go; those stay that
  /// are needed at the next opening.
  func finish() {
    background.enqueue { [self] in
      _ = syncAll()
      let parts = committer.state.withLock { () -> [(part: Journal.Part, isFree: Bool)] in
        let isWhole = committer.refusal == nil
        return committer.journal.takeAll(stated: stated).map { ($0.part, $0.isFree && isWhole) }
      }
      for (part, isFree) in parts {
        if isFree { place.remove(part) } else { files.close(part.file) }
      }
    }
  }
}

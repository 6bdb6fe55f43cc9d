import DaybookModel
import Files
import Glibc
import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// Makes batches durable: whatever queued during the last round, of all partitions, is written as one
/// record of the journal and synced at once. A round is done on the committer's own thread, or on that
/// of whoever appends, where nothing else is under way and syncs have been quick of late. There are
/// never two at once.
///
/// `@unchecked Sendable`: what queues is under the monitor's lock, all else under `state`.
final class Committer: LogWorker, @unchecked Sendable {
  /// Bytes of batches that go into one record, but for a batch that is larger alone.
  private static let roundBytesMax = Limits.batchBytesMax
  /// Bytes of batches up to which whoever appends may do the round: with more on its way, deciding what
  /// comes next while this is being synced gains more than a wake-up costs.
  private static let directBytesMax = 16 << 10

  private let monitor = Monitor()
  // These under the monitor's lock.
  private var queue: [PartitionAppend] = []
  private var isRunning = false
  private var isClosing = false
  private var isClosed = false
  /// Segments are behind the journal, and nobody was asked yet to sync them.
  private var isBehind = false
  /// Segments that are being begun.
  private var rolls = 0
  /// Some was, and batches wait for it.
  private var hasBegun = false
  private var times = SyncTimes()
  /// Segments are being synced, or files made ready: a sync of the journal takes longer than most.
  private var isDiskBusy = false
  private var roundsDone: UInt64 = 0

  /// Held during a round, and for moments by `SegmentSyncing`.
  let state = NIOLock()
  // These under it.
  var journal: Journal
  /// By partition; nil where one is served read-only.
  let appenders: [PartitionAppender?]
  /// Why nothing is taken of any partition any more.
  private(set) var refusal: DaybookError?

  private let files: any FileSystem
  private let threads: any LogThreads
  private let owner: Ownership
  private let options: SegmentLogOptions
  private let logger: Logger
  private let metrics: JournalMetrics
  private var syncing: SegmentSyncing?
  private var run: (any WorkerRun)?

  init(
    _ appenders: [PartitionAppender?], journal: Journal, files: any FileSystem,
    threads: any LogThreads, owner: Ownership, options: SegmentLogOptions,
    logger: Logger, metrics: JournalMetrics
  ) {
    self.appenders = appenders
    self.journal = journal
    self.files = files
    self.threads = threads
    self.owner = owner
    self.options = options
    self.logger = logger
    self.metrics = metrics
  }

  /// `syncing` brings the segments after the journal.
  func start(_ syncing: SegmentSyncing) {
    self.syncing = syncing
    run = threads.start(self, name: "log-journal")
  }

  // MARK: The queue

  func append(_ batches: [PartitionAppend], mayBlock: Bool) {
    var bytes = 0
    for append in batches {
      let size = append.batch.bytes.readableBytes
      bytes += size
      precondition(size <= BatchHeader.byteCount + Limits.batchBytesMax, "the batch is too large")
      precondition(
        size > BatchHeader.byteCount && !append.batch.slots.isEmpty, "an empty batch")
    }
    monitor.lock()
    let refused = isClosed
    let wasIdle = queue.isEmpty && !isRunning
    if !refused { queue += batches }
    let isDirect =
      mayBlock && wasIdle && !refused && !isClosing && !isDiskBusy
      && bytes <= Committer.directBytesMax && times.areQuick
    let group = isDirect ? takeGroup() : []
    monitor.unlock()
    if isDirect {
      round(group, isDirect: true)
    } else if refused {
      let error = DaybookError(
        .serverStopping, "the log is closed: try again once it is open")
      for append in batches { append.completion(.failure(error)) }
    } else if wasIdle {
      monitor.signal()
    }
  }

  /// Writes what is queued, and ends the thread.
  func close() {
    monitor.lock()
    isClosing = true
    monitor.unlock()
    monitor.signal()
    run?.join()
    run = nil
  }

  private enum Work {
    case round([PartitionAppend])
    case beginSegments
    case syncSegments
    case nothing
    case close
  }

  func step(waits: Bool) -> LogStep {
    switch nextWork(waits: waits) {
    case .round(let group): round(group, isDirect: false)
    case .beginSegments: beginSegments()
    case .syncSegments: syncing?.enqueue()
    case .nothing: return .idle
    case .close: return .ended
    }
    return .worked
  }

  private func nextWork(waits: Bool) -> Work {
    monitor.lock()
    defer { monitor.unlock() }
    while !hasBatches || isRunning || isJournalFull {
      if isClosing, !hasBatches, !isRunning {
        if rolls == 0 {
          isClosed = true
          return .close
        }
        // What waits for a segment has to be written, too; in a simulation nobody else does that now.
        if hasUnclaimedRoll { return .beginSegments }
        monitor.wait()
        continue
      }
      let isDue = !isRunning && (isBehind || hasBatches)
      let before = roundsDone
      if !waits {
        guard isDue else { return .nothing }
      } else if !isDue {
        monitor.wait()
        continue
      } else if monitor.wait(milliseconds: options.watermarkIdleMilliseconds)
        || isRunning || roundsDone != before
      {
        continue
      }
      isBehind = false
      return .syncSegments
    }
    return .round(takeGroup())
  }

  /// Something was handed over that is not answered yet.
  var hasQueued: Bool {
    monitor.lock()
    defer { monitor.unlock() }
    return hasBatches || isRunning || rolls > 0
  }

  private var hasBatches: Bool { !queue.isEmpty || hasBegun }

  /// Call with the monitor's lock held.
  private func takeGroup() -> [PartitionAppend] {
    isRunning = true
    hasBegun = false
    defer { queue = [] }
    return queue
  }

  private var hasUnclaimedRoll: Bool {
    state.withLock { appenders.contains { $0?.hasUnclaimedRoll ?? false } }
  }

  /// Nothing more is taken until a file of the journal is free. Call with the monitor's lock held, while
  /// no round is done.
  private var isJournalFull: Bool {
    guard !isClosing else { return false }
    return state.withLock { refusal == nil && journal.isAtItsLimit }
  }

  /// A file of the journal may be free again, or a partition is behind again.
  func wake(isBehind: Bool) {
    monitor.lock()
    if isBehind { self.isBehind = true }
    monitor.unlock()
    monitor.signal()
  }

  /// Does what keeps the disk busy beside the journal; by one thread alone.
  func withDiskBusy(_ body: () -> Void) {
    set(isDiskBusy: true)
    body()
    set(isDiskBusy: false)
  }

  private func set(isDiskBusy: Bool) {
    monitor.lock()
    self.isDiskBusy = isDiskBusy
    monitor.unlock()
  }

  // MARK: Segments

  /// Begins the segment that a partition needs, away from rounds, which go on without it.
  func beginSegment(of appender: PartitionAppender) {
    guard state.withLock({ appender.claimRoll() }) else { return }
    appender.beginSegment()
    endRoll(of: appender)
  }

  /// Before the end, here: while the background may sync segments, so that the lock is held.
  private func beginSegments() {
    for appender in appenders.compactMap({ $0 }) {
      let isBegun = state.withLock {
        guard appender.claimRoll() else { return false }
        appender.beginSegment()
        return true
      }
      if isBegun { endRoll(of: appender) }
    }
  }

  private func endRoll(of appender: PartitionAppender) {
    state.withLock { appender.endRoll() }
    monitor.lock()
    hasBegun = true
    rolls -= 1
    monitor.unlock()
    monitor.signal()
  }

  // MARK: A round

  /// What came of a round so far.
  private struct Round {
    /// To be tried again in the next one, before all else.
    var carried: [PartitionAppend] = []
    var carriedPartitions: Set<PartitionID> = []
    var answers: [PartitionAppender.Answer] = []
    /// Those of batches behind one that is staged: they come after its answer.
    var lateAnswers: [PartitionAppender.Answer] = []
    /// Partitions with something staged.
    var touched: [PartitionAppender] = []
    /// Partitions that need a segment now.
    var rolling: [PartitionAppender] = []
    /// On the thread of who appends: nothing is done here that takes longer than a sync.
    let isDirect: Bool
    /// Of the journal.
    var sync: Duration?
  }

  private func round(_ group: [PartitionAppend], isDirect: Bool) {
    var round = Round(isDirect: isDirect)
    state.lock()
    commit(group, &round)
    let isAtItsLimit = journal.isAtItsLimit
    let plan = refusal == nil ? journal.nextToPrepare() : nil
    state.unlock()
    if let plan { syncing?.prepare(plan) }
    if isAtItsLimit { syncing?.enqueue() }
    for (append, result) in round.answers + round.lateAnswers { append.completion(result) }
    if isDirect, let sync = round.sync, sync >= SyncTimes.stall { tell(sync) }
    monitor.lock()
    queue.insert(contentsOf: round.carried, at: 0)
    isRunning = false
    rolls += round.rolling.count
    roundsDone += 1
    if let sync = round.sync { times.add(sync) }
    // The committer may wait for this round's end to end itself, or to go on.
    let isNews = isClosing || hasBatches || (!isBehind && !round.touched.isEmpty)
    isBehind = isBehind || !round.touched.isEmpty
    monitor.unlock()
    if isDirect, isNews { monitor.signal() }
    for appender in round.rolling { syncing?.beginSegment(of: appender) }
  }

  private func tell(_ stall: Duration) {
    metrics.stalls.increment()
    logger.warning(
      "a sync of the log's journal took \(stall), and held up connections: look at the disk")
  }

  /// Call with the lock held.
  private func commit(_ queued: [PartitionAppend], _ round: inout Round) {
    let all = appenders.flatMap { $0?.takeWaiting() ?? [] } + queued
    let group = Committer.batches(all)
    defer { round.carried += all[group.count...] }
    guard !group.isEmpty, makeRoom(for: group, &round) else { return }
    journal.begin()
    for append in group { stage(append, &round) }
    guard !round.touched.isEmpty else { return }
    for appender in round.touched {
      for staged in appender.staged {
        journal.add(
          staged.append.batch.bytes, partition: appender.segments.partition,
          segmentBase: appender.active!.base, position: staged.position)
      }
    }
    do throws(FileError) {
      do throws(FileError) { try journal.write() } catch {
        guard error.isTemporary else { throw error }
        return try unstage(error, &round)
      }
      try sync(&round)
      if !Mutant.leavesOut(.fence) { try owner.check() }
    } catch {
      return refuse(error, &round)
    }
    journal.wasSynced(
      round.touched.map { JournalRecord.Point(partition: $0.segments.partition, end: $0.stagedEnd) }
    )
    for appender in round.touched { round.answers += appender.wasSynced() }
  }

  /// As many as go into one record.
  private static func batches(_ all: [PartitionAppend]) -> [PartitionAppend] {
    var bytes = 0
    let count = all.prefix { append in
      bytes += append.batch.bytes.readableBytes
      return bytes <= roundBytesMax
    }.count
    return count == all.count ? all : Array(all.prefix(max(1, count)))
  }

  /// Room for all of them in the journal, before any is staged: what has it is not refused any more for
  /// want of room there.
  private func makeRoom(for group: [PartitionAppend], _ round: inout Round) -> Bool {
    if let refusal {
      round.answers += group.map { ($0, .failure(refusal)) }
      return false
    }
    let bytes = group.reduce(0) { $0 + $1.batch.bytes.readableBytes }
    if round.isDirect, !journal.hasRoom(batches: group.count, bytes: bytes) {
      round.carried = group
      return false
    }
    let before = journal.full.count
    do throws(FileError) {
      try journal.makeRoom(batches: group.count, bytes: bytes, now: threads.now)
      if journal.full.count > before { syncing?.enqueue() }
      return true
    } catch {
      if error.isTemporary {
        // What is full may be free once the segments are synced.
        syncing?.enqueue()
        for append in group {
          let answer = appender(append.partition).refuseForNow(append, error)
          round.answers.append(answer)
        }
      } else {
        refuse(error, &round)
        round.answers += group.map { ($0, .failure(refusal!)) }
      }
      return false
    }
  }

  private func stage(_ append: PartitionAppend, _ round: inout Round) {
    guard !round.carriedPartitions.contains(append.partition) else {
      round.carried.append(append)
      return
    }
    let appender = appender(append.partition)
    switch appender.stage(append) {
    case .staged:
      if appender.staged.count == 1 { round.touched.append(appender) }
    case .afterRound:
      round.carried.append(append)
      round.carriedPartitions.insert(append.partition)
    case .waits(let isFirst):
      if isFirst { round.rolling.append(appender) }
    case .refused(let error) where appender.staged.isEmpty:
      round.answers.append((append, .failure(error)))
    case .refused(let error):
      round.lateAnswers.append((append, .failure(error)))
      round.carriedPartitions.insert(append.partition)
    }
  }

  private func appender(_ partition: PartitionID) -> PartitionAppender {
    guard let appender = appenders[partition.index] else {
      preconditionFailure("a partition that is read-only is handed nothing")
    }
    return appender
  }

  /// The journal had no room after all.
  private func unstage(_ error: FileError, _ round: inout Round) throws(FileError) {
    do throws(FileError) { try journal.undo() } catch {
      throw FileError(number: EIO, operation: "undo of a partly written record: \(error)")
    }
    for appender in round.touched { round.answers += appender.unstage(error) }
    round.touched = []
  }

  private func sync(_ round: inout Round) throws(FileError) {
    guard let file = journal.file else { preconditionFailure("a record was written") }
    if Mutant.leavesOut(.dataSync) { return }
    let start = threads.now
    defer {
      let duration = threads.now - start
      round.sync = duration
      metrics.syncDuration.record(duration: duration)
    }
    do throws(FileError) { try files.syncData(file) } catch {
      guard Mutant.leavesOut(.finality) else { throw error }
      try files.syncData(file)
    }
  }

  /// Final, for all partitions: what a failed sync of the journal has dropped is not known.
  private func refuse(_ error: FileError, _ round: inout Round) {
    refusal =
      owner.overtaken()
      ?? DaybookError(
        .storageFailed, "the log's journal can't be written: check the disk, then start again",
        cause: error)
    for appender in round.touched { round.answers += appender.abandon(refusal!) }
    round.touched = []
  }
}

package import DaybookModel
import Foundation
package import Logging
package import Metrics
import NIOConcurrencyHelpers
package import Ports

/// Keeps all projections of a process up with the log, on one thread of its own.
///
/// Owners hand it what they have committed and never wait for it: batches are kept until they are
/// folded, so long as there is room, and the first wakes the thread, which gathers what else comes within
/// an interval. What was not kept is read from the log.
package final class ProjectionRuntime: BatchConsumer, Sendable {
  private let log: any SearchableLog
  private let folder: String
  private let settings: ProjectionSettings
  private let signal = WakeSignal()
  private let feed: BatchFeed
  private let waiters: HeadWaiters
  private let logger: Logger
  private let metrics: ProjectionMetrics
  private let state = NIOLockedValueBox(State())
  private let lagReport = NIOLockedValueBox(LagReport())
  private let lagMarks = NIOLockedValueBox<[ProjectionName: LagMark]>([:])

  private struct State {
    var isStarted = false
    var isStopping = false
    var hasEnded = false
    /// Projections in whose files questions have met damage.
    var damaged: [ProjectionName: (file: FileIdentity, error: DaybookError)] = [:]
    var stopped: [CheckedContinuation<Void, Never>] = []
  }

  /// `folder` is where the projections' files are; it is made by `start` if missing.
  package init(
    log: any SearchableLog, folder: String, settings: ProjectionSettings = ProjectionSettings(),
    logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory
  ) {
    self.log = log
    self.folder = folder
    self.settings = settings
    self.logger = logger
    self.metrics = ProjectionMetrics(metrics)
    feed = BatchFeed(partitionCount: log.partitionCount)
    waiters = HeadWaiters(partitionCount: log.partitionCount)
  }

  /// Opens the files (making anew those that are damaged, or of another log or schema) and starts
  /// the thread. One that can be neither opened nor made answers no questions until it can, and
  /// says why to the operator and to who asks; the others go on.
  package func start() {
    let paths = ProjectionFolder(folder)
    let engine = ProjectionEngine(
      ProjectionName.allCases, log: log, settings: settings, feed: feed, path: paths.path,
      logger: logger)
    engine.whenMending = { [waiters] in waiters.forget($0) }
    state.withLockedValue { state in
      assert(!state.isStarted, "a runtime is started once")
      state.isStarted = true
    }
    publish(engine)
    let handed = Handed(engine)
    let thread = Thread { self.run(handed.engine) }
    thread.name = "projections"
    thread.start()
    signal.raise(.urgent)
  }

  /// The engine goes to its thread, and nobody else keeps it.
  ///
  /// `@unchecked Sendable`: goes from one thread to another once.
  private struct Handed: @unchecked Sendable {
    let engine: ProjectionEngine
    init(_ engine: ProjectionEngine) { self.engine = engine }
  }

  package func committed(_ batch: CommittedBatch) {
    signal.raise(feed.add(batch) ? .urgent : .work)
  }

  /// What was not told of is read from the log.
  package func interrupted(_ partition: PartitionID) {
    feed.interrupt(partition)
    signal.raise(.work)
  }

  /// Commits what has been folded and closes the files. Does nothing if it isn't running.
  package func stop() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isOver = state.withLockedValue { state in
        state.isStopping = true
        if state.hasEnded || !state.isStarted { return true }
        state.stopped.append(continuation)
        return false
      }
      if isOver { continuation.resume() }
      signal.raise(.urgent)
    }
  }

  /// Returns when the projection (nil: every one) holds what lies below these offsets. Throws
  /// `projection_behind` when that takes longer than `timeout`, or the fault that keeps it from
  /// getting there.
  package func waitUntil(
    _ name: ProjectionName? = nil, covering heads: [PartitionID: Offset], timeout: Duration
  ) async throws(DaybookError) {
    let names = name.map { [$0] } ?? ProjectionName.allCases
    try await waiters.wait(for: names, until: heads, timeout: timeout) {
      self.signal.raise(.urgent)
    }
  }

  /// A question has met damage in a projection's file, which is made anew.
  func foundDamage(_ name: ProjectionName, _ file: FileIdentity, _ error: DaybookError) {
    state.withLockedValue { $0.damaged[name] = (file, error) }
    signal.raise(.urgent)
  }

  // MARK: The thread

  private var isStopping: Bool { state.withLockedValue { $0.isStopping } }

  private func run(_ engine: ProjectionEngine) {
    do throws(DaybookError) {
      try follow(engine)
      engine.close()
      waiters.fail(
        DaybookError(.serverStopping, "the server is stopping: try again when it is back"))
    } catch {
      engine.close()
      logger.critical(
        "the projections stopped, and answer no more questions: \(error)",
        metadata: ["code": "\(error.code.name)"])
      waiters.fail(error)
    }
    feed.close()
    let stopped = state.withLockedValue { state in
      assert(state.isStarted && !state.hasEnded, "what was started ends once")
      state.hasEnded = true
      return state.stopped
    }
    for continuation in stopped { continuation.resume() }
  }

  private func follow(_ engine: ProjectionEngine) throws(DaybookError) {
    var lookedAt = ContinuousClock.now - settings.lookInterval
    var retryAt: ContinuousClock.Instant?
    var stuckReport = StuckReport()
    while !isStopping {
      let pauseMax = min(settings.lookInterval, retryAt.map { $0 - .now } ?? settings.lookInterval)
      if signal.wait(for: .work, atMost: pauseMax) {
        // One fold and one commit for all that comes within the interval.
        let interval = waiters.isWaiting ? settings.hurriedInterval : settings.commitInterval
        signal.wait(for: .urgent, atMost: interval)
      }
      signal.lower()
      engine.trustsFeed = ContinuousClock.now - lookedAt < settings.lookInterval
      if !engine.trustsFeed { lookedAt = .now }
      if let due = retryAt, due <= .now {
        engine.retryStuck()
        retryAt = nil
      }
      mendDamage(engine)
      try foldToHead(engine)
      try commit(engine)
      stuckReport.tell(logger, engine.stuck)
      if retryAt == nil, engine.hasWhatIsWorthRetrying {
        retryAt = .now + settings.retryInterval
      }
    }
  }

  private func mendDamage(_ engine: ProjectionEngine) {
    let damaged = state.withLockedValue { state in
      defer { state.damaged = [:] }
      return state.damaged
    }
    for name in ProjectionName.allCases {
      if let (file, error) = damaged[name] { engine.mend(name, file, after: error) }
    }
    engine.mendWhatIsGone()
  }

  private func publish(_ engine: ProjectionEngine) {
    waiters.breakOff(engine.broken)
    waiters.advance(to: engine.committed)
    let lag = engine.lag
    lagMarks.withLockedValue { marks in
      for (name, events) in lag {
        metrics.lag[name]?.set(events)
        let position = engine.committed(of: name)
        let seconds = marks[name, default: LagMark()].lag(at: position, of: position + events)
        metrics.lagSeconds[name]?.set(seconds.inSeconds)
      }
    }
    let most = lag.map(\.events).max() ?? 0
    lagReport.withLockedValue { $0.note(most, now: .now, logger) }
  }

  private func foldToHead(_ engine: ProjectionEngine) throws(DaybookError) {
    var lastCommit = ContinuousClock.now
    var interval = commitInterval(engine)
    while !isStopping, let folded = engine.foldNext() {
      if folded > 0 { metrics.foldedEvents.increment(by: folded) }
      let pause = ContinuousClock.now - lastCommit
      let isAwaited = pause >= settings.commitInterval && waiters.areMet(by: engine.folded)
      guard engine.isCommitDue || pause >= interval || isAwaited else { continue }
      try commit(engine)
      lastCommit = .now
      interval = commitInterval(engine)
    }
  }

  /// While much is left to fold nobody is answered, and rows are written less often.
  private func commitInterval(_ engine: ProjectionEngine) -> Duration {
    engine.offsetsAhead > settings.eventsBehindMax
      ? settings.bulkCommitInterval : settings.commitInterval
  }

  /// A full disk, someone else's lock and the like are waited out: rows stay in memory, and
  /// nothing more is read meanwhile.
  private func commit(_ engine: ProjectionEngine) throws(DaybookError) {
    var isTold = false
    while true {
      do throws(DaybookError) {
        let (start, hasRows) = (ContinuousClock.now, engine.uncommitted > 0)
        try engine.commit()
        if hasRows { metrics.commitDuration.record(duration: ContinuousClock.now - start) }
        break
      } catch {
        guard error.isWorthRetrying, !isStopping else { throw error }
        if !isTold {
          logger.warning(
            "the projections can't be written, and try again: \(error)",
            metadata: ["code": "\(error.code.name)"])
        }
        isTold = true
        signal.lower()
        signal.wait(for: .urgent, atMost: settings.retryInterval)
      }
    }
    assert(engine.uncommitted == 0, "all that was folded is committed")
    if isTold { logger.notice("the projections are written again") }
    waiters.stick(engine.stuck.filter { !$0.value.isWorthRetrying })
    publish(engine)
  }
}

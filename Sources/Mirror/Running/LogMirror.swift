package import DaybookModel
import Files
import Glibc
package import Logging
package import Metrics
import NIOConcurrencyHelpers
package import Ports

/// Keeps a topic of Kafka equal to a log, every event once and in order, from its start to its stop.
package final class LogMirror: Sendable {
  package struct Conditions: Sendable {
    /// While true, nothing is mirrored.
    package var isPaused: @Sendable () -> Bool = { false }
    /// End once all is mirrored that was durable at the start.
    package var endsAtHead = false
    /// End with what keeps the first start from succeeding, rather than try again.
    package var givesUpAtStart = false

    /// Told how long each commit took.
    package var committed: @Sendable (Duration) -> Void = { _ in }
    /// Whoever serves somebody on this machine gets a core first.
    package var givesWay = false

    package init() {}
  }

  package let progress = MirrorProgress()
  private let settings: MirrorSettings
  private let log: MirroredLog
  private let conditions: Conditions
  private let clock: any WallClock
  private let logger: Logger
  private let metrics: MirrorMetrics
  /// Random, of this mirror.
  private let owner = String(UInt64.random(in: 1 ... .max), radix: 16)
  /// Whose the topic was when this mirror looked last, before it claimed it.
  private let ownerBefore = NIOLockedValueBox<String?>(nil)
  private let isStopping = NIOLockedValueBox(false)
  private let thread = NIOLockedValueBox<LogThread?>(nil)

  private static let pauses = (first: Duration.milliseconds(100), last: Duration.seconds(10))
  private static let idleMax = Duration.milliseconds(100)

  package init(
    _ settings: MirrorSettings, log: MirroredLog, conditions: Conditions = Conditions(),
    clock: any WallClock, logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory
  ) {
    self.settings = settings
    self.log = log
    self.conditions = conditions
    self.clock = clock
    self.logger = logger
    self.metrics = MirrorMetrics(
      topic: settings.topic, partitions: log.feed.partitionCount, metrics)
  }

  /// On a thread of its own; `ended` is told why, nil where that was wanted.
  package func start(ended: @escaping @Sendable (DaybookError?) -> Void = { _ in }) {
    thread.withLockedValue { thread in
      precondition(thread == nil, "a mirror is started once")
      thread = LogThread(name: "mirror") { [self] in
        if conditions.givesWay { giveWay() }
        let error = run()
        progress.enter(.ended(error))
        ended(error)
      }
    }
  }

  /// Linux keeps a niceness for each thread, and threads have that of who starts them: so do those of
  /// librdkafka. Where it is refused, all is mirrored all the same.
  private func giveWay() {
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
  }

  /// A tenth of a share.
  private static let niceness: Int32 = 10

  /// Commits what is on its way, and returns when nothing more is done.
  package func stop() {
    isStopping.withLockedValue { $0 = true }
    thread.withLockedValue { $0 }?.join()
  }

  private var isUnwanted: @Sendable () -> Bool {
    { [isStopping] in isStopping.withLockedValue { $0 } }
  }

  // MARK: life

  private func run() -> DaybookError? {
    var pause = Self.pauses.first
    var hasRun = false
    let heads = conditions.endsAtHead ? self.heads : nil
    while !isUnwanted() {
      if conditions.isPaused() {
        pauseUntilResumed()
        continue
      }
      do throws(DaybookError) {
        if !hasRun { progress.enter(.starting) }
        let begun = try start(isAgain: hasRun)
        hasRun = true
        pause = Self.pauses.first
        if try mirror(begun, until: heads) { return nil }
      } catch {
        if isUnwanted() { break }
        metrics.failed(error)
        if isFinal(error, hasRun: hasRun) { return error }
        if error.code == .mirrorFenced, let error = overtaken() { return error }
        metrics.restarts.increment()
        progress.enter(.waiting(error))
        logger.warning(
          "\(error.message); tried again in \(pause)",
          metadata: ["code": "\(error.code)", "topic": "\(settings.topic)"])
        wait(pause)
        pause = min(pause * 2, Self.pauses.last)
      }
    }
    return nil
  }

  private func pauseUntilResumed() {
    progress.enter(.paused)
    logger.notice("the mirror into \(settings.topic) is paused")
    while conditions.isPaused(), !isUnwanted() { wait(.milliseconds(500)) }
    if !isUnwanted() { logger.notice("the mirror into \(settings.topic) goes on") }
  }

  private func start(isAgain: Bool) throws(DaybookError) -> MirrorStart.Begun {
    let begun = try MirrorStart(
      settings: settings, log: log, owner: owner, isAgain: isAgain, logger: logger, clock: clock,
      isUnwanted: isUnwanted,
      found: { [ownerBefore] owner in ownerBefore.withLockedValue { $0 = owner } },
      statistics: { [metrics] in metrics.statistics($0) }
    ).run()
    progress.note(begun.positions.values, events: 0)
    progress.enter(.running(begun.delivery))
    let next = begun.positions.values.reduce(Int64(0)) { $0 + $1.next.rawValue }
    logger.info(
      "mirrors into \(settings.topic), \(next) offsets of which it has",
      metadata: ["topic": "\(settings.topic)", "delivery": "\(begun.delivery.rawValue)"])
    if begun.delivery == .atLeastOnce, !settings.isAtLeastOnce {
      logger.warning(
        """
        the brokers know no transactions: what is on its way when the mirror or a broker dies may come \
        twice
        """,
        metadata: ["topic": "\(settings.topic)"])
    }
    return begun
  }

  /// What trying again can't change.
  private func isFinal(_ error: DaybookError, hasRun: Bool) -> Bool {
    switch error.code {
    case .mirrorOfAnother, .mirrorTopicLost, .logRolledBack, .truncated,
      .formatVersion, .invalidArgument, .offsetOutOfRange, .logCorrupt:
      true
    case .mirrorFenced: false
    default: conditions.givesUpAtStart && !hasRun
    }
  }

  /// Whoever is fenced looks whose the topic is now: a transaction that took too long is fenced by the
  /// broker, and a mirror that began and died has fenced without taking the topic. Unless somebody else has
  /// claimed it since this one looked, it is not lost.
  private func overtaken() -> DaybookError? {
    do throws(DaybookError) {
      let claim = try MirrorStart.claim(settings, logger: logger, isUnwanted: isUnwanted)
      let isLost = claim.map {
        $0.owner != owner && $0.owner != ownerBefore.withLockedValue(\.self)
      }
      return isLost == true ? MirrorStart.fenced(settings.topic) : nil
    } catch {
      // Found out by the next start.
      return nil
    }
  }

  private func wait(_ duration: Duration) {
    let monitor = Monitor()
    let deadline = ContinuousClock.now + duration
    while ContinuousClock.now < deadline, !isUnwanted() {
      monitor.lock()
      let left = min(deadline - ContinuousClock.now, .milliseconds(200))
      _ = monitor.wait(milliseconds: max(1, Int(left.wholeMilliseconds)))
      monitor.unlock()
    }
  }

  // MARK: mirroring

  private var heads: [PartitionID: Offset] {
    Dictionary(
      uniqueKeysWithValues: log.partitions.map { ($0, log.feed.highWatermark(of: $0)) })
  }

  private func isPast(_ heads: [PartitionID: Offset]) -> Bool {
    let positions = progress.positions
    return heads.allSatisfy { partition, head in positions[partition].map { $0 >= head } ?? false }
  }

  /// Returns whether it is past `heads`; else it was paused or stopped. Throws the first failure of any
  /// producer, when all of them have ended.
  private func mirror(
    _ begun: MirrorStart.Begun, until heads: [PartitionID: Offset]?
  ) throws(DaybookError) -> Bool {
    let session = MirrorSession()
    let isUnwanted: @Sendable () -> Bool = { [isStopping] in
      isStopping.withLockedValue { $0 } || session.isOver
    }
    let workers = begun.producers.enumerated().map { number, producer in
      let own = begun.partitions(of: number)
      return MirrorWorker(
        producer, begun.positions.filter { own.contains($0.key) },
        begun.groups.isEmpty ? nil : begun.groups[number], settings, conditions, log: log,
        clock: clock,
        progress: progress,
        metrics: metrics, logger: logger, isUnwanted: isUnwanted)
    }
    let threads = workers.enumerated().dropFirst().map { number, worker in
      LogThread(name: "mirror-\(number)") { [self] in
        session.run { () throws(DaybookError) in try work(worker, session, until: heads) }
      }
    }
    session.run { () throws(DaybookError) in try work(workers[0], session, until: heads) }
    for thread in threads { thread.join() }
    return try session.result()
  }

  private func work(
    _ worker: MirrorWorker, _ session: MirrorSession, until heads: [PartitionID: Offset]?
  ) throws(DaybookError) {
    var idle = settings.gathering
    while !isUnwanted(), !session.isOver, !conditions.isPaused() {
      let began = ContinuousClock.now
      let events = try worker.step()
      if let heads, isPast(heads) { return session.end() }
      if heads != nil, events == 0, let error = worker.stuckError { throw error }
      if events >= settings.transactionEventsMax { continue }
      idle = events > 0 ? settings.gathering : min(idle * 2, Self.idleMax)
      // Events that come while a transaction is committed go with the next, and few come alone.
      wait(idle - (ContinuousClock.now - began))
    }
  }
}

/// What the threads of one mirror tell each other, from a start to whatever ends it.
private final class MirrorSession: Sendable {
  private struct State {
    var isOver = false
    var isDone = false
    var failure: DaybookError?
  }

  private let state = NIOLockedValueBox(State())

  var isOver: Bool { state.withLockedValue { $0.isOver } }

  /// All that was wanted is mirrored.
  func end() {
    state.withLockedValue { state in
      state.isDone = true
      state.isOver = true
    }
  }

  /// One failure ends all: what others commit after it is read back with the positions.
  func run(_ body: () throws(DaybookError) -> Void) {
    do throws(DaybookError) {
      try body()
      state.withLockedValue { $0.isOver = true }
    } catch {
      state.withLockedValue { state in
        state.failure = state.failure ?? error
        state.isOver = true
      }
    }
  }

  func result() throws(DaybookError) -> Bool {
    let state = state.withLockedValue { $0 }
    if let failure = state.failure { throw failure }
    return state.isDone
  }
}

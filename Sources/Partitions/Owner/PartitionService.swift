package import DaybookModel
package import Logging
package import Metrics
import NIOConcurrencyHelpers
package import NIOCore
package import Ports

/// All partitions of a data folder, each with its owner on one of the event loops.
package final class PartitionService: Commands, CommittedBatches, RelayProgress {
  package let partitionCount: Int
  private let owners: [PartitionOwner]
  private let consumers: Consumers
  private let log: any LogWriter & LogSearch
  private let snapshots: any SnapshotStore
  private let state: StateSettings
  private let blocking: any BlockingWork
  /// Partitions whose effects stay where they are.
  private let withoutRelay: Set<PartitionID>
  private let clock: any WallClock
  private let clocks: PartitionClocks
  private let logger: Logger

  /// How much work a start was.
  package struct StartReport: Sendable {
    /// Events replayed on top of snapshots.
    package var replayed: Int
  }

  /// `keeping`: where snapshots are written; with `blocking` if there is nothing else. `patience`: how
  /// long what nobody waits for may wait for company on its way into the log.
  package init(
    log: any LogWriter & LogSearch, snapshots: any SnapshotStore,
    snapshotPolicy: SnapshotPolicy = .standard,
    policy: DecisionPolicy = .standard, state: StateSettings = StateSettings(),
    clock: any WallClock, blocking: any BlockingWork, keeping: (any BlockingWork)? = nil,
    group: any EventLoopGroup, patience: TimeAmount = CommitTurn.patience,
    withoutRelay: Set<PartitionID> = [], held: HeldNumbers.Bounds = HeldNumbers.Bounds(),
    logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) {
    partitionCount = log.partitionCount
    let consumers = Consumers()
    let owners = NIOLockedValueBox<[PartitionOwner]>([])
    let clocks = PartitionClocks(
      partitionCount: log.partitionCount, logger: logger, metrics: metrics)
    let keeping = CountedWork(keeping ?? blocking)
    let environment = PartitionOwner.Environment(
      log: log, snapshots: snapshots, snapshotPolicy: snapshotPolicy, policy: policy,
      state: state, clock: clock, clocks: clocks, blocking: blocking,
      keeping: keeping, announce: { consumers.announce($0) },
      interrupt: { consumers.interrupt($0) },
      owner: { partition in owners.withLockedValue { $0[partition.index] } },
      logger: logger, metrics: metrics, held: held, rejections: CommandRejections(metrics))
    var turns: [CommitTurn] = []
    let made = (0..<log.partitionCount).map { index in
      let loop = group.next()
      if !turns.contains(where: { $0.loop === loop }) {
        turns.append(
          CommitTurn(loop, log: log, patience: patience, mayBlock: { keeping.isIdle }))
      }
      let turn = turns.first { $0.loop === loop }!
      return PartitionOwner(PartitionID(index), turn: turn, environment: environment)
    }
    owners.withLockedValue { $0 = made }
    self.owners = made
    self.consumers = consumers
    self.log = log
    self.snapshots = snapshots
    self.state = state
    self.blocking = blocking
    self.withoutRelay = withoutRelay
    self.clock = clock
    self.clocks = clocks
    self.logger = logger
  }

  package func submit(_ commands: [PendingCommand], to partition: PartitionID) {
    owners[partition.index].submit(commands)
  }

  package func relayedThrough(_ partition: PartitionID) async -> Offset {
    let owner = owners[partition.index]
    return (try? await owner.loop.submit { owner.relayedThrough }.get()) ?? .zero
  }

  package func subscribe(_ consumer: any BatchConsumer) { consumers.add(consumer) }

  /// Loads every partition, side by side, then starts the relays. A partition whose log can't be
  /// read refuses commands; the others serve. Throws `log_rolled_back` where the partitions are of
  /// different moments, `overloaded`, or what keeps every one of them from being loaded; and
  /// `server_stopping` soon after `isStopping` says so, which is asked while they are loaded.
  package func start(
    isStopping: @escaping @Sendable () -> Bool = { false }
  ) async throws -> StartReport {
    let outcomes = await loadAll(isStopping)
    if let error = outcomes.compactMap(\.fatal).first { throw error }
    if let error = outcomes.compactMap(\.failure).first, outcomes.allSatisfy({ $0.failure != nil })
    {
      throw error
    }
    let loaded = outcomes.compactMap { try? $0.get() }
    try PartitionMoments.check(loaded, log: log)
    var report = StartReport(replayed: 0)
    for (owner, outcome) in zip(owners, outcomes) {
      switch outcome {
      case .success(let loaded):
        report.replayed += loaded.replayed
        let readOnly = log.readOnly(owner.partition)
        try await owner.loop.submit { owner.serve(loaded, readOnly: readOnly) }.get()
      case .failure(let error):
        try await owner.loop.submit { owner.refuse(error) }.get()
      }
    }
    clocks.compare(with: clock.now())
    for (owner, outcome) in zip(owners, outcomes) where !withoutRelay.contains(owner.partition) {
      guard let offset = try? outcome.get().relayedThrough else { continue }
      try await owner.loop.submit { owner.startRelay(from: offset) }.get()
    }
    return report
  }

  private typealias Outcome = Result<LoadedState, DaybookError>

  private func loadAll(_ isStopping: @escaping @Sendable () -> Bool) async -> [Outcome] {
    let report = ReplayReport(logger)
    return await withTaskGroup(of: (Int, Outcome).self) { group in
      for owner in owners {
        group.addTask { (owner.partition.index, await self.load(owner, isStopping, report)) }
      }
      var outcomes: [Int: Outcome] = [:]
      for await (index, outcome) in group { outcomes[index] = outcome }
      return owners.map { outcomes[$0.partition.index]! }
    }
  }

  private func load(
    _ owner: PartitionOwner, _ isStopping: @escaping @Sendable () -> Bool, _ report: ReplayReport
  ) async -> Outcome {
    let (log, snapshots, state, blocking) = (log, snapshots, state, blocking)
    return await withCheckedContinuation { continuation in
      blocking.run {
        continuation.resume(
          returning: Result { () throws(DaybookError) in
            try LoadedState.load(
              owner.partition, log: log, snapshots: snapshots, state,
              isStopping: isStopping, report: report)
          })
      }
    }
  }

  /// Finishes what is in flight, and leaves a snapshot of every partition.
  package func stop() async {
    await withTaskGroup(of: Void.self) { group in
      for owner in owners {
        group.addTask {
          await withCheckedContinuation { continuation in
            owner.loop.execute { owner.stop { continuation.resume() } }
          }
        }
      }
    }
  }
}

/// Who is told of committed batches.
private final class Consumers: Sendable {
  private let all = NIOLockedValueBox<[any BatchConsumer]>([])

  func add(_ consumer: any BatchConsumer) { all.withLockedValue { $0.append(consumer) } }

  func announce(_ batch: CommittedBatch) {
    for consumer in all.withLockedValue({ $0 }) { consumer.committed(batch) }
  }

  func interrupt(_ partition: PartitionID) {
    for consumer in all.withLockedValue({ $0 }) { consumer.interrupted(partition) }
  }
}

extension Result where Failure == DaybookError {
  fileprivate var failure: DaybookError? {
    if case .failure(let error) = self { error } else { nil }
  }

  /// What is no matter of one partition: events of a later program, too many open files, the end.
  fileprivate var fatal: DaybookError? {
    failure.flatMap { [.formatVersion, .overloaded, .serverStopping].contains($0.code) ? $0 : nil }
  }
}

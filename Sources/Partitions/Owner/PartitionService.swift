import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// All partitions of a data folder, each with its owner on one of the event loops.
package final class PartitionService: Commands, CommittedBatches {
  package let partitionCount: Int
  private let owners: [PartitionOwner]
  private let consumers: Consumers
  private let log: any LogPort
  private let snapshots: any SnapshotStore
  private let blocking: any BlockingWork

  /// How much work a start was.
  package struct StartReport: Sendable {
    /// Events replayed on top of snapshots.
    package var replayed: Int
    /// Events in the log.
    package var events: Int64
  }

  /// `report` takes one line for the operator.
  package init(
    log: any LogPort, snapshots: any SnapshotStore, snapshotPolicy: SnapshotPolicy = .standard,
    policy: DecisionPolicy = .standard, clock: any WallClock, blocking: any BlockingWork,
    group: any EventLoopGroup,
    report: @escaping @Sendable (String) -> Void
  ) {
    partitionCount = log.partitionCount
    let consumers = Consumers()
    let owners = NIOLockedValueBox<[PartitionOwner]>([])
    let environment = PartitionOwner.Environment(
      log: log, snapshots: snapshots, snapshotPolicy: snapshotPolicy, policy: policy,
      clock: clock, blocking: blocking,
      announce: { consumers.announce($0) },
      owner: { partition in owners.withLockedValue { $0[partition.index] } },
      report: report)
    let made = (0..<log.partitionCount).map {
      PartitionOwner(PartitionID($0), loop: group.next(), environment: environment)
    }
    owners.withLockedValue { $0 = made }
    self.owners = made
    self.consumers = consumers
    self.log = log
    self.snapshots = snapshots
    self.blocking = blocking
  }

  package func submit(_ commands: [PendingCommand], to partition: PartitionID) {
    owners[partition.index].submit(commands)
  }

  package func subscribe(_ consumer: any BatchConsumer) { consumers.add(consumer) }

  /// Loads every partition, side by side, then starts the relays. A partition whose log is damaged
  /// refuses commands; the others serve.
  package func start() async throws -> StartReport {
    var report = StartReport(replayed: 0, events: 0)
    var relayFrom: [Int: Offset] = [:]
    try await withThrowingTaskGroup(of: (Int, LoadedState?).self) { group in
      for owner in owners {
        group.addTask { (owner.partition.index, try await self.load(owner)) }
      }
      for try await (index, loaded) in group {
        report.events += log.highWatermark(of: PartitionID(index)).rawValue
        report.replayed += loaded?.replayed ?? 0
        relayFrom[index] = loaded?.relayedThrough
      }
    }
    for owner in owners {
      guard let offset = relayFrom[owner.partition.index] else { continue }
      try await owner.loop.submit { owner.startRelay(from: offset) }.get()
    }
    return report
  }

  private func load(_ owner: PartitionOwner) async throws -> LoadedState? {
    let (log, snapshots, blocking) = (log, snapshots, blocking)
    let outcome: Result<LoadedState, DaybookError> = await withCheckedContinuation { continuation in
      blocking.run {
        continuation.resume(
          returning: Result { () throws(DaybookError) in
            try LoadedState.load(owner.partition, log: log, snapshots: snapshots)
          })
      }
    }
    switch outcome {
    case .success(let loaded):
      try await owner.loop.submit { owner.serve(loaded) }.get()
      return loaded
    case .failure(let error) where error.code == .logCorrupt:
      try await owner.loop.submit { owner.refuse(error) }.get()
      return nil
    case .failure(let error): throw error
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
}

import DaybookModel
import Logging
import Metrics
import Ports

extension PartitionOwner {
  /// What an owner needs from outside.
  struct Environment: Sendable {
    let log: any LogWriter & LogSearch
    let snapshots: any SnapshotStore
    let snapshotPolicy: SnapshotPolicy
    let policy: DecisionPolicy
    let state: StateSettings
    let clock: any WallClock
    let clocks: PartitionClocks
    let blocking: any BlockingWork
    /// Where snapshots are written.
    let keeping: any BlockingWork
    /// Tells every consumer of a batch that is durable.
    let announce: @Sendable (CommittedBatch) -> Void
    /// Tells them that some of a partition may have become durable unannounced.
    let interrupt: @Sendable (PartitionID) -> Void
    let owner: @Sendable (PartitionID) -> PartitionOwner
    let logger: Logger
    var metrics: any MetricsFactory = MetricsSystem.factory
    var held = HeldNumbers.Bounds()
    var rejections = CommandRejections(MetricsSystem.factory)
  }
}

package import DaybookModel
import NIOConcurrencyHelpers
package import Ports

/// Keeps the last snapshot of each partition.
package final class MemorySnapshots: SnapshotStore {
  private let kept = NIOLockedValueBox<[PartitionID: StateSnapshot]>([:])

  package init() {}

  package func load(_ partition: PartitionID) -> StateSnapshot? {
    kept.withLockedValue { $0[partition] }
  }

  package func save(_ snapshot: StateSnapshot, of partition: PartitionID) throws(DaybookError) {
    kept.withLockedValue { $0[partition] = snapshot }
  }

  package func forget() { kept.withLockedValue { $0 = [:] } }
}

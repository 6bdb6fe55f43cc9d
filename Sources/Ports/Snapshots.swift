package import DaybookModel
package import NIOCore

/// Where owners keep a copy of their state, so that a start need not replay from zero. Derived
/// data: whatever is missing, torn or of another log is as good as none.
package protocol SnapshotStore: AnyObject, Sendable {
  /// The newest whole snapshot of a partition. Blocking.
  func load(_ partition: PartitionID) -> StateSnapshot?
  /// Keeps this one, and forgets all others. Blocking. Throws `storage_full`,
  /// `storage_failed`.
  func save(_ snapshot: StateSnapshot, of partition: PartitionID) throws(DaybookError)
}

package struct StateSnapshot: Sendable {
  /// The first offset that the state does not include.
  package var next: Offset
  /// Of the last batch that the state includes.
  package var mark: UInt64
  package var state: ByteBuffer

  package init(next: Offset, mark: UInt64, state: ByteBuffer) {
    self.next = next
    self.mark = mark
    self.state = state
  }
}

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
  /// The last batch that the state includes.
  package var last: BatchMark
  package var state: ByteBuffer

  /// The first offset that the state does not include.
  package var next: Offset { last.next }

  package init(last: BatchMark, state: ByteBuffer) {
    self.last = last
    self.state = state
  }
}

/// A batch, told from any other at its place by a hash.
package struct BatchMark: Sendable, Equatable {
  package var base: Offset
  package var next: Offset
  package var hash: UInt64

  package init(base: Offset, next: Offset, hash: UInt64) {
    self.base = base
    self.next = next
    self.hash = hash
  }
}

package import DaybookModel

/// A place in the log that answers are to cover: what is durable below it, and what follows from that
/// in other partitions. It comes with the answers of commands: who asks under it reads what they wrote.
package struct ReadToken: Sendable, Hashable {
  package var partition: PartitionID
  /// First offset that need not be covered.
  package var next: Offset

  package init(partition: PartitionID, next: Offset) {
    self.partition = partition
    self.next = next
  }
}

/// How far the relay has got.
package protocol RelayProgress: AnyObject, Sendable {
  /// Whatever follows from the partition's events below this offset is durable where it belongs.
  func relayedThrough(_ partition: PartitionID) async -> Offset
}

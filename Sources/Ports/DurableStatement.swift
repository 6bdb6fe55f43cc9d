package import DaybookModel

/// Some file beside a partition's segments says, sealed by the log, that what lies below an offset
/// was durable: less than that in the partition is a loss.
package struct DurableStatement: Sendable, Equatable {
  package let partition: PartitionID
  /// The first offset that the statement does not speak of.
  package let durable: Offset
  /// Path of the file, for the operator.
  package let by: String

  package init(partition: PartitionID, durable: Offset, by: String) {
    self.partition = partition
    self.durable = durable
    self.by = by
  }
}

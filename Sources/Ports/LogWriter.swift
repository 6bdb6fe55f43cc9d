package import DaybookModel

/// A partitioned log of events. The embedded one is `SegmentedLog`; nothing here speaks of files,
/// and nothing promises that offsets are gapless.
package protocol LogWriter: LogFeed {
  /// Why the partition takes no appends for as long as the log is open; nil if it does.
  func readOnly(_ partition: PartitionID) -> DaybookError?

  /// Room that an `AppendBatch` leaves at the front of its bytes, for the log's own header.
  var batchHeaderBytes: Int { get }

  /// Takes batches for writing, at most one of a partition: what comes in one call shares one sync
  /// where the log can. Each one's `completion` is called once, after its batch is durable or has
  /// failed: on a thread of the log, or where the caller `mayBlock` on the caller's, perhaps before
  /// this returns. Batches of a partition become durable in the order of calls. After a failure
  /// other than `storage_full` (no room) and `overloaded` (no file could be opened) the partition
  /// takes nothing more.
  func append(_ batches: [PartitionAppend], mayBlock: Bool)
}

/// A batch for a partition.
package struct PartitionAppend: Sendable {
  package var partition: PartitionID
  package var batch: AppendBatch
  package var completion: @Sendable (Result<CommittedBatch, DaybookError>) -> Void

  package init(
    partition: PartitionID, batch: AppendBatch,
    completion: @escaping @Sendable (Result<CommittedBatch, DaybookError>) -> Void
  ) {
    self.partition = partition
    self.batch = batch
    self.completion = completion
  }
}

extension LogWriter {
  package func append(
    _ batch: AppendBatch, to partition: PartitionID,
    completion: @escaping @Sendable (Result<CommittedBatch, DaybookError>) -> Void
  ) {
    append(
      [PartitionAppend(partition: partition, batch: batch, completion: completion)],
      mayBlock: false)
  }

  package func readOnly(_ partition: PartitionID) -> DaybookError? { nil }
}

/// Finds the slots in stored bytes, for a log that rebuilds its indexes without knowing what an
/// event looks like inside. Implemented by `DaybookSchema`, handed over by the executable.
package protocol EventScanner: Sendable {
  /// Appends a slot for each event of the body. Throws `log_corrupt` for what is no event.
  func scan(_ batch: CommittedBatch, into slots: inout [EventSlot]) throws(DaybookError)
}

package import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
package import Ports

/// Notes what partitions have taken from each other as a log is read, whoever reads it: for a
/// question whose answer every event has a part in, and for which the log is not read twice.
package final class CauseScanner: EventScanner {
  private let scanner: any EventScanner
  private let noted = NIOLockedValueBox(PartitionMoments())

  /// `scanner` finds the slots.
  package init(_ scanner: any EventScanner) { self.scanner = scanner }

  /// Of all batches that were scanned so far.
  package var moments: PartitionMoments { noted.withLockedValue { $0 } }

  package func scan(
    _ batch: CommittedBatch, into slots: inout [EventSlot]
  ) throws(DaybookError) {
    try scanner.scan(batch, into: &slots)
    var causes: [Cause] = []
    try batch.forEachEvent { _, bytes throws(DaybookError) in
      if let cause = try EventDecoding.cause(of: bytes) { causes.append(cause) }
    }
    guard !causes.isEmpty else { return }
    noted.withLockedValue { moments in
      for cause in causes { moments.add(cause, takenBy: batch.partition) }
    }
  }
}

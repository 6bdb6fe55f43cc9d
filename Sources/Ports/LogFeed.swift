package import DaybookModel
import Glibc

/// What a partitioned log has made durable, batch by batch: what the relay, loading, projectors and
/// everybody who follows the log reads. Any thread; blocking.
///
/// Offsets rise within a partition. Nothing promises that they begin at 0, that none is left out, or
/// that a log's offsets count its events.
package protocol LogFeed: AnyObject, Sendable {
  var partitionCount: Int { get }
  /// Random, made with the log: positions of another log mean nothing here.
  var logID: String { get }
  /// New with each copy of the log that was restored: two histories of one log have different ones.
  var branchID: String { get }
  /// Of the log's newest owner, as far as it is known here. A log whose epoch is lower than it once
  /// was is an older copy.
  var epoch: Epoch { get }
  /// For what is kept beside the log and speaks of it.
  var seal: LogSeal { get }

  /// First offset that is kept: reading may begin there. There need be no event at it.
  func startOffset(of partition: PartitionID) -> Offset

  /// First offset that is not yet durable: nothing at or past it is ever returned.
  func highWatermark(of partition: PartitionID) -> Offset

  /// Whole batches from the one that holds `offset`, or else the first behind it, on: about
  /// `bytesMax` of them and at least one if there is one below the high watermark, checksums
  /// verified. Throws `truncated` (below the start), `offset_out_of_range` (past the high
  /// watermark), `log_corrupt`.
  func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> LogChunk
}

/// What a read gave.
package struct LogChunk: Sendable {
  package var batches: [CommittedBatch]
  /// Where to read on: behind the batches, and behind what there is no event at. It is where it was
  /// asked from at the high watermark alone.
  package var next: Offset

  package init(batches: [CommittedBatch], next: Offset) {
    self.batches = batches
    self.next = next
  }

  package static func truncated(
    _ partition: PartitionID, start: Offset, asked offset: Offset
  ) -> DaybookError {
    DaybookError(
      .truncated,
      "partition \(partition) is kept from offset \(start) on, and has nothing at \(offset) any more: "
        + "begin at its start")
  }
}

extension LogFeed {
  /// The same; where nothing is there yet, waits for something for so long.
  package func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int, wait: Duration
  ) throws(DaybookError) -> LogChunk {
    let deadline = ContinuousClock.now + wait
    var pause: UInt32 = 1_000
    while true {
      let chunk = try read(partition, from: offset, bytesMax: bytesMax)
      if chunk.next > offset || ContinuousClock.now >= deadline { return chunk }
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
  }

  /// How many offsets of a partition lie between a position and the high watermark, which is no less
  /// than the events there.
  package func lag(of partition: PartitionID, at position: Offset) -> UInt64 {
    let position = max(position, startOffset(of: partition))
    return UInt64(max(0, highWatermark(of: partition).rawValue - position.rawValue))
  }
}

package import DaybookModel
package import Ports

extension LogFeed {
  /// Where the first batch begins that has an event which was recorded at `time` or later, or the high
  /// watermark where there is none: by halves, for the times of a partition never fall. Blocking. Throws as `read`
  /// does.
  package func offset(
    of partition: PartitionID, recordedFrom time: Timestamp
  ) throws(DaybookError) -> Offset {
    var low = startOffset(of: partition)
    var high = highWatermark(of: partition)
    var found = high
    // All below `low` was recorded before; the batch at `found` was not, nor is there another from `high` on
    // in front of it.
    while low < high {
      let middle = Offset(low.rawValue + (high.rawValue - low.rawValue) / 2)
      let chunk = try read(partition, from: middle, bytesMax: 1)
      if let batch = chunk.batches.first, batch.lastRecordedAt < time {
        low = batch.nextOffset
      } else {
        if let batch = chunk.batches.first { found = min(found, batch.baseOffset) }
        high = min(middle, found)
      }
    }
    return found
  }
}

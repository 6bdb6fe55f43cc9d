package import DaybookModel
import Metrics
import NIOCore
package import Ports

extension SegmentedLog {
  package func highWatermark(of partition: PartitionID) -> Offset {
    partitions[partition.index].segments.highWatermark
  }

  package func startOffset(of partition: PartitionID) -> Offset {
    partitions[partition.index].segments.startOffset
  }

  package func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> LogChunk {
    let partition = partitions[partition.index]
    let chunk = try partition.segments.read(from: offset, bytesMax: bytesMax)
    let bytes = chunk.batches.reduce(0) { $0 + $1.body.readableBytes }
    partition.metrics.readBytes.increment(by: bytes)
    return chunk
  }

  package func events(
    _ partition: PartitionID, at offsets: [Offset]
  ) throws(DaybookError) -> [StoredEvent] {
    let partition = partitions[partition.index]
    let events = try partition.segments.events(at: offsets)
    let bytes = events.reduce(0) { $0 + $1.bytes.readableBytes }
    partition.metrics.readBytes.increment(by: bytes)
    return events
  }

  package func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].segments.postings(
      stream: stream, from: first, through: last, limit: limit)
  }

  package func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int,
    isOfStream: (StoredEvent) throws(DaybookError) -> Bool
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].segments.postings(
      stream: stream, from: first, through: last, limit: limit, isOfStream: isOfStream)
  }

  package func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].segments.postings(
      conversation: conversation, before: before, limit: limit)
  }

  package func postings(
    _ partition: PartitionID, unsequenced stream: UInt64, from first: Offset,
    through last: Offset, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].segments.postings(
      unsequenced: stream, from: first, through: last, limit: limit)
  }

  package func postings(
    _ partition: PartitionID, origin: UInt64, from first: UInt64, through last: UInt64, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].segments.postings(
      origin: origin, from: first, through: last, limit: limit)
  }
}

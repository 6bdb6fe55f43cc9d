import Crypto
import DaybookModel
import DaybookSchema
import FoundationEssentials
import NIOCore

/// Events of a partition on their way to who follows: as they stand in the log, in messages of bounded size.
struct EventBatches {
  private static let bytesMax = Limits.feedBatchBytesMax

  private let partition: PartitionID
  private var body = Data()
  private var offsets: [Offset] = []
  private var lastRecordedAt = Timestamp.none
  private(set) var complete: [Daybook_V1_EventBatch] = []

  init(_ partition: PartitionID) { self.partition = partition }

  /// Adds the events of a batch from `first` on and below `end`, of those that `filter` takes. Throws
  /// `log_corrupt`.
  mutating func add(
    _ batch: CommittedBatch, from first: Offset, upTo end: Offset, _ filter: FeedFilter
  ) throws(DaybookError) {
    if batch.baseOffset >= first, batch.nextOffset <= end, filter.takesAll,
      batch.body.readableBytes <= EventBatches.bytesMax
    {
      if body.count + batch.body.readableBytes > EventBatches.bytesMax { close() }
      batch.body.withUnsafeReadableBytes { body.append(contentsOf: $0) }
      for index in 0..<batch.count { offsets.append(batch.offset(of: index)) }
      lastRecordedAt = batch.lastRecordedAt
      return
    }
    try batch.forEachEvent { index, bytes throws(DaybookError) in
      let offset = batch.offset(of: index)
      guard offset >= first, offset < end, try filter.takes(bytes) else { return }
      if !offsets.isEmpty, body.count + 4 + bytes.count > EventBatches.bytesMax { close() }
      withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { body.append(contentsOf: $0) }
      body.append(contentsOf: bytes)
      offsets.append(offset)
      lastRecordedAt = batch.lastRecordedAt
    }
  }

  mutating func close() {
    guard let first = offsets.first, let last = offsets.last else { return }
    var message = Daybook_V1_EventBatch()
    message.partition = UInt32(partition.rawValue)
    message.baseOffset = UInt64(first.rawValue)
    message.nextOffset = UInt64(last.rawValue + 1)
    message.count = UInt32(offsets.count)
    message.lastRecordedAtMs = lastRecordedAt.milliseconds
    message.sha256 = Data(SHA256.hash(data: body))
    message.body = body
    if last.rawValue - first.rawValue != Int64(offsets.count - 1) {
      message.offsets = offsets.map { UInt64($0.rawValue - first.rawValue) }
    }
    complete.append(message)
    body = Data()
    offsets.removeAll(keepingCapacity: true)
  }
}

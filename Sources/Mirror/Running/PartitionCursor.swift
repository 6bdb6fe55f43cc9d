import DaybookModel
import NIOCore
import Ports

/// Goes through a partition's events from a position on, as many at a time as are wanted.
struct PartitionCursor {
  let partition: PartitionID
  /// The first offset that was not taken.
  private(set) var next: Offset
  /// Where the log is read on.
  private var readFrom: Offset
  private var batches: ArraySlice<CommittedBatch> = []
  /// In the first of the batches.
  private var index = 0
  private var at = 0
  /// When the last event of the batch that was read last was recorded.
  private(set) var recordedAt = Timestamp.none

  private static let chunkBytes = 1 << 20

  init(_ partition: PartitionID, at position: Offset) {
    self.partition = partition
    next = position
    readFrom = position
  }

  /// Visits up to `limit` events below the high watermark. Returns how many there were; fewer are all
  /// that there are now. Throws as the log does, or `visit`.
  mutating func take(
    _ limit: Int, of log: any LogFeed,
    _ visit: (Offset, UnsafeRawBufferPointer) throws(DaybookError) -> Void
  ) throws(DaybookError) -> Int {
    var taken = 0
    while taken < limit {
      if batches.isEmpty, try !readMore(log) { return taken }
      guard let batch = batches.first else { continue }
      taken += try take(limit - taken, of: batch, visit)
      guard index == batch.count else { continue }
      batches.removeFirst()
      (index, at) = (0, 0)
      assert(batch.nextOffset > next || batch.nextOffset == next, "a batch ends behind its events")
      next = batch.nextOffset
    }
    return taken
  }

  /// False at the head.
  private mutating func readMore(_ log: any LogFeed) throws(DaybookError) -> Bool {
    // An owner that has crashed may have stated less than a mirror has seen.
    guard readFrom < log.highWatermark(of: partition) else { return false }
    let chunk = try log.read(partition, from: readFrom, bytesMax: Self.chunkBytes)
    guard chunk.next > readFrom else { return false }
    readFrom = chunk.next
    batches = chunk.batches[...]
    if batches.isEmpty { next = chunk.next }
    return true
  }

  private mutating func take(
    _ limit: Int, of batch: CommittedBatch,
    _ visit: (Offset, UnsafeRawBufferPointer) throws(DaybookError) -> Void
  ) throws(DaybookError) -> Int {
    var (index, at, next, taken) = (index, at, next, 0)
    var failure: DaybookError?
    batch.body.withUnsafeReadableBytes { bytes in
      while index < batch.count, taken < limit {
        guard let event = Self.event(at: at, of: bytes) else {
          failure = DaybookError(
            .logCorrupt,
            "the batch at offset \(batch.baseOffset) of partition \(partition) has torn lengths")
          return
        }
        let offset = batch.offset(of: index)
        // A read gives whole batches: what lies before the position was taken already.
        if offset >= next {
          do throws(DaybookError) {
            try visit(offset, event)
          } catch {
            failure = error
            return
          }
          next = offset.advanced(by: 1)
          taken += 1
        }
        index += 1
        at += 4 + event.count
      }
    }
    (self.index, self.at, self.next) = (index, at, next)
    if let failure { throw failure }
    recordedAt = batch.lastRecordedAt
    return taken
  }

  private static func event(
    at start: Int, of bytes: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    guard start + 4 <= bytes.count else { return nil }
    let length = Int(
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
    guard length <= bytes.count - start - 4 else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[start + 4..<start + 4 + length])
  }
}

import DaybookModel
import NIOCore
import Ports

/// One partition of the log, event by event.
struct LogCursor {
  let partition: PartitionID
  private let log: any LogFeed
  private let chunkBytes: Int
  /// Offset of the next event, or where one is next looked for.
  private(set) var next: Offset
  private var readFrom: Offset
  private var batches: ArraySlice<CommittedBatch> = []
  /// Of the first of `batches`, which is being passed: offsets, and where the bytes lie in its body.
  private var events: [(offset: Offset, range: Range<Int>)] = []
  private var at = 0

  init(
    _ log: any LogFeed, _ partition: PartitionID, from offset: Offset, chunkBytes: Int = 1 << 20
  ) {
    self.log = log
    self.chunkBytes = chunkBytes
    self.partition = partition
    (next, readFrom) = (offset, offset)
  }

  /// Offset of the next event; nil at the high watermark. Throws what the log does.
  mutating func peek() throws(DaybookError) -> Offset? {
    while at == events.count {
      if batches.isEmpty, try !fill() { return nil }
      try open(batches.removeFirst())
    }
    assert(events[at].offset >= next, "offsets rise")
    return events[at].offset
  }

  /// The event that `peek` has found.
  func withEvent<R>(
    _ body: (UnsafeRawBufferPointer) throws(DaybookError) -> R
  ) throws(DaybookError) -> R {
    var outcome: Result<R, DaybookError>?
    current.withUnsafeReadableBytes { bytes in
      outcome = Result { () throws(DaybookError) in
        try body(UnsafeRawBufferPointer(rebasing: bytes[events[at].range]))
      }
    }
    return try outcome!.get()
  }

  /// Passes the event that `peek` has found.
  mutating func advance() {
    next = events[at].offset.advanced(by: 1)
    at += 1
  }

  private var current = ByteBuffer()

  private mutating func open(_ batch: CommittedBatch) throws(DaybookError) {
    events.removeAll(keepingCapacity: true)
    (at, current) = (0, batch.body)
    var position = 0
    try batch.forEachEvent { index, bytes throws(DaybookError) in
      let start = position + 4
      position = start + bytes.count
      let offset = batch.offset(of: index)
      // The first batch may begin before what was asked for.
      if offset >= next { events.append((offset, start..<position)) }
    }
  }

  private mutating func fill() throws(DaybookError) -> Bool {
    guard log.highWatermark(of: partition) > readFrom else { return false }
    let chunk = try log.read(partition, from: readFrom, bytesMax: chunkBytes)
    guard chunk.next > readFrom else { return false }
    readFrom = chunk.next
    batches = chunk.batches[...]
    return !batches.isEmpty
  }
}

import DaybookModel
import NIOCore

/// What lies behind the first byte of a segment that is not of a valid batch.
struct TailSearch {
  /// Byte behind the last one that isn't zero; `from` if all are.
  private(set) var usedEnd: UInt64
  /// The highest durable offset that a valid header there states.
  private(set) var durableStated = Offset.zero
  /// Where the first valid header lies, and what it says.
  private(set) var nextHeader: (position: UInt64, header: BatchHeader)?

  /// Looks at every byte, for bodies have any length. Headers are known by their checksum, which
  /// is seeded with the log's id, and must lie past `offset`: bytes quoted in a message are of
  /// batches before it.
  init(
    _ files: any FileSystem, _ file: Int32, _ log: LogID, partition: PartitionID,
    from start: UInt64, past offset: Offset
  ) throws(FileError) {
    usedEnd = start
    let size = try files.size(file)
    let overlap = UInt64(BatchHeader.byteCount - 1)
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: BatchCursor.chunkBytes, alignment: 8)
    defer { chunk.deallocate() }
    var position = start
    while position < size {
      let count = try files.read(file, into: chunk, at: position)
      let bytes = UnsafeRawBufferPointer(rebasing: chunk[0..<count])
      look(bytes, at: position, log, partition, past: offset)
      if count < chunk.count { break }
      position += UInt64(count) - overlap
    }
  }

  private mutating func look(
    _ bytes: UnsafeRawBufferPointer, at position: UInt64, _ log: LogID, _ partition: PartitionID,
    past offset: Offset
  ) {
    if let last = bytes.lastIndex(where: { $0 != 0 }) {
      usedEnd = max(usedEnd, position + UInt64(last) + 1)
    }
    let first = UInt8(truncatingIfNeeded: BatchHeader.magic)
    guard bytes.count >= BatchHeader.byteCount else { return }
    for at in 0...bytes.count - BatchHeader.byteCount where bytes[at] == first {
      guard bytes.little(UInt32.self, at: at) == BatchHeader.magic,
        case .header(let header) = BatchHeader.decode(
          UnsafeRawBufferPointer(rebasing: bytes[at...]), log),
        header.partition == partition, header.baseOffset > offset
      else { continue }
      durableStated = max(durableStated, header.durableOffset)
      if nextHeader == nil { nextHeader = (position + UInt64(at), header) }
    }
  }
}

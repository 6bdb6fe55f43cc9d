import DaybookModel
import Files
import Glibc
import NIOCore

/// What lies behind the first byte of a segment that is not of a valid batch. Looks at every byte,
/// for bodies have any length.
///
/// A header counts as a witness of what was durable only if it can follow: it is of this partition,
/// of an epoch that there was, its base lies past the stop and no further than the bytes between
/// have room for, and what it states to be durable lies at most at its base. Bytes quoted in a message are of batches
/// before it, and nobody outside the folder knows the seed.
struct TailSearch {
  /// An event takes its length and at least a byte: no more of them fit between two positions.
  static let eventBytesMin: UInt64 = 5

  let seed: LogSeed
  let partition: PartitionID
  let start: UInt64
  /// The offset at which the valid batches end.
  let stop: Offset
  let epochMax: Epoch
  /// Byte behind the last one that isn't zero; `start` if all are.
  private(set) var usedEnd: UInt64
  /// The highest durable offset that a valid header there states.
  private(set) var durableStated = Offset.zero
  /// Where the first valid header lies, and what it says.
  private(set) var nextHeader: (position: UInt64, header: BatchHeader)?

  init(
    seed: LogSeed, partition: PartitionID, from start: UInt64, stop: Offset, epochMax: Epoch
  ) {
    self.seed = seed
    self.partition = partition
    self.start = start
    self.stop = stop
    self.epochMax = epochMax
    usedEnd = start
  }

  /// Looks up to the end of the file.
  mutating func searchAll(_ files: any FileSystem, _ file: File) throws(FileError) {
    try search(files, file) { _ in false }
  }

  /// Looks up to the first valid header: going on behind each of many faults must not read all of
  /// the rest each time.
  mutating func searchNext(_ files: any FileSystem, _ file: File) throws(FileError) {
    try search(files, file) { $0.nextHeader != nil }
  }

  private mutating func search(
    _ files: any FileSystem, _ file: File, until isDone: (TailSearch) -> Bool
  ) throws(FileError) {
    let size = try files.size(file)
    let overlap = UInt64(BatchHeader.byteCount - 1)
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: BatchCursor.chunkBytes, alignment: 8)
    defer { chunk.deallocate() }
    var position = start
    // What follows a fault is most often near.
    var wanted = 64 << 10
    while position < size {
      let room = UnsafeMutableRawBufferPointer(rebasing: chunk[0..<wanted])
      let count = try files.read(file, into: room, at: position)
      look(UnsafeRawBufferPointer(rebasing: chunk[0..<count]), at: position)
      if isDone(self) || count < wanted { break }
      assert(UInt64(count) > overlap, "a search moves on")
      position += UInt64(count) - overlap
      wanted = chunk.count
    }
  }

  private mutating func look(_ bytes: UnsafeRawBufferPointer, at position: UInt64) {
    // As nearly all is that a segment has room for.
    if bytes.isZeros { return }
    if let last = bytes.lastIndex(where: { $0 != 0 }) {
      usedEnd = max(usedEnd, position + UInt64(last) + 1)
    }
    let first = UInt8(truncatingIfNeeded: BatchHeader.magic)
    guard bytes.count >= BatchHeader.byteCount else { return }
    for at in 0...bytes.count - BatchHeader.byteCount where bytes[at] == first {
      guard bytes.little(UInt32.self, at: at) == BatchHeader.magic,
        case .header(let header) = BatchHeader.decode(
          UnsafeRawBufferPointer(rebasing: bytes[at...]), seed),
        header.partition == partition, header.baseOffset > stop
      else { continue }
      assert(
        position + UInt64(at) >= start && header.baseOffset > stop,
        "what is found lies behind the stop")
      if nextHeader == nil { nextHeader = (position + UInt64(at), header) }
      if canFollow(header, at: position + UInt64(at)) {
        durableStated = max(durableStated, header.durableOffset)
      }
    }
  }

  private func canFollow(_ header: BatchHeader, at position: UInt64) -> Bool {
    let room = Int64((position - start) / TailSearch.eventBytesMin)
    return header.epoch <= epochMax && header.baseOffset.rawValue - stop.rawValue <= room
      && header.durableOffset <= header.baseOffset
  }
}

extension UnsafeRawBufferPointer {
  /// Each byte is the one before it, and the first is 0.
  fileprivate var isZeros: Bool {
    guard let start = baseAddress, count > 0 else { return true }
    return self[0] == 0 && memcmp(start, start + 1, count - 1) == 0
  }
}

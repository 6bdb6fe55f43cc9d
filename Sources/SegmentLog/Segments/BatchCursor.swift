import DaybookModel
import Files
import NIOCore

/// Walks the batches of a segment's file in big reads. Knows the format of one batch and
/// nothing of what should come before or after it.
struct BatchCursor {
  enum Step {
    case batch(BatchHeader, position: UInt64, body: ByteBuffer)
    /// Nothing was written from here on, or the file ends here.
    case unwritten
    case invalid(String)
  }

  static let chunkBytes = 1 << 20
  static let resumedChunkBytes = 64 << 10

  private let files: any FileSystem
  private let file: File
  private let seed: LogSeed
  /// How much is read at once, from the next read on.
  var chunkBytes: Int
  private var chunk: ByteBuffer
  private var chunkStart: UInt64 = 0
  /// Where the next batch is expected.
  private(set) var position: UInt64

  init(
    _ files: any FileSystem, _ file: File, _ seed: LogSeed, position: UInt64,
    chunkBytes: Int = BatchCursor.chunkBytes
  ) {
    self.files = files
    self.file = file
    self.seed = seed
    self.position = position
    self.chunkBytes = chunkBytes
    self.chunk = ByteBuffer()
  }

  /// The batch at `position`; stays there unless it is one. Its body's checksum is verified,
  /// unless `skipping` says that nobody wants the body.
  mutating func next(
    skipping unwanted: (BatchHeader) -> Bool = { _ in false }
  ) throws(FileError) -> Step {
    let header: BatchHeader
    switch try peek() {
    case .header(let valid): header = valid
    case .unwritten: return .unwritten
    case .invalid(let reason): return .invalid(reason)
    }
    let start = position
    if unwanted(header) {
      position += UInt64(header.batchBytes)
      return .batch(header, position: start, body: ByteBuffer())
    }
    guard let at = try locate(header.batchBytes) else {
      return .invalid("the file ends within the batch")
    }
    let body = chunk.getSlice(at: at + BatchHeader.byteCount, length: header.storedBytes)!
    guard
      body.withUnsafeReadableBytes({ seed.checksum($0) }) == header.storedChecksum
        || Mutant.leavesOut(.bodyChecksum)
    else {
      return .invalid("the body's checksum is wrong")
    }
    position += UInt64(header.batchBytes)
    assert(body.readableBytes == header.storedBytes, "a body is as long as its header says")
    return .batch(header, position: start, body: body)
  }

  /// The header at `position`, its own checksum verified.
  mutating func peek() throws(FileError) -> BatchHeader.Decoded {
    guard let at = try locate(BatchHeader.byteCount) else {
      return restIsZero ? .unwritten : .invalid("the file ends within a header")
    }
    return chunk.withUnsafeReadableBytes { bytes in
      BatchHeader.decode(UnsafeRawBufferPointer(rebasing: bytes[at...]), seed)
    }
  }

  /// The next batch lies whole in what was read already.
  var holdsNext: Bool {
    let end = chunkStart + UInt64(chunk.readableBytes)
    guard position >= chunkStart, position + UInt64(BatchHeader.byteCount) <= end else {
      return false
    }
    let decoded = chunk.withUnsafeReadableBytes { bytes in
      BatchHeader.decode(
        UnsafeRawBufferPointer(rebasing: bytes[Int(position - chunkStart)...]), seed)
    }
    guard case .header(let header) = decoded else { return false }
    return position + UInt64(header.batchBytes) <= end
  }

  /// The byte at a position was read already.
  func isWithin(_ position: UInt64) -> Bool {
    position >= chunkStart && position < chunkStart + UInt64(chunk.readableBytes)
  }

  mutating func move(to position: UInt64) { self.position = position }

  /// Index in the chunk of the byte at `position`, with `count` bytes from there on in the
  /// chunk; nil if the file is shorter.
  private mutating func locate(_ count: Int) throws(FileError) -> Int? {
    let end = chunkStart + UInt64(chunk.readableBytes)
    if position >= chunkStart, position + UInt64(count) <= end {
      return Int(position - chunkStart)
    }
    do throws(FileError) {
      try fill(max(count, chunkBytes))
    } catch {
      // A sector that can't be read may lie behind what is wanted.
      guard count < chunkBytes, !error.isTemporary else { throw error }
      try fill(count)
    }
    assert(chunkStart == position, "what was read begins where the next batch is expected")
    return chunk.readableBytes >= count ? 0 : nil
  }

  private mutating func fill(_ count: Int) throws(FileError) {
    chunkStart = position
    // Slices of the chunk before may be in use: `clear` takes new memory then.
    chunk.clear(minimumCapacity: count)
    var failure: FileError?
    chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
      do throws(FileError) {
        let room = UnsafeMutableRawBufferPointer(rebasing: bytes[0..<count])
        return try files.read(file, into: room, at: position)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
  }

  private var restIsZero: Bool {
    chunk.withUnsafeReadableBytes { $0.allSatisfy { $0 == 0 } }
  }
}

import CZlib
import DaybookModel

/// One file of a zip, inflated as it is read.
final class ZipSource: ByteSource {
  private let file: FileSource
  private let entry: ZipFiles.Entry
  private let name: String
  private var inflater: Inflater?
  private var offset: UInt64
  private var storedLeft: UInt64
  /// Stored bytes that were read and not inflated yet.
  private var pending: [UInt8] = []
  private var count: UInt64 = 0
  private var checksum: UInt = 0
  private var isAtEnd = false

  private static let headerBytes = 30

  init(_ file: FileSource, _ entry: ZipFiles.Entry, name: String) throws(DaybookError) {
    self.file = file
    self.entry = entry
    self.name = name
    var header: [UInt8] = []
    try file.read(into: &header, at: entry.headerOffset, count: ZipSource.headerBytes)
    var fields = ZipFields(header[...])
    guard header.count == ZipSource.headerBytes, fields.take32() == 0x0403_4b50 else {
      throw DaybookError(.invalidInput, "\(name) is not where the zip's directory says")
    }
    // Its names and extra fields may have other lengths than those in the directory.
    fields.skip(22)
    let (nameBytes, extraBytes) = (fields.take16(), fields.take16())
    offset =
      entry.headerOffset + UInt64(ZipSource.headerBytes) + UInt64(nameBytes) + UInt64(extraBytes)
    storedLeft = entry.storedBytes
    if entry.method != 0 { inflater = try Inflater(name) }
  }

  func read(into bytes: inout [UInt8]) throws(DaybookError) -> Bool {
    guard !isAtEnd else { return false }
    let start = bytes.count
    try fetch()
    if let inflater {
      isAtEnd = try inflater.inflate(&pending, into: &bytes)
      if !isAtEnd, bytes.count == start, pending.isEmpty, storedLeft == 0 {
        throw fault("it ends too early")
      }
    } else {
      bytes += pending
      pending = []
      isAtEnd = storedLeft == 0
    }
    checksum = bytes[start...].withUnsafeBufferPointer { new in
      crc32(checksum, new.baseAddress, UInt32(new.count))
    }
    count += UInt64(bytes.count - start)
    guard count <= entry.bytes else { throw fault("it is longer than the zip says") }
    if isAtEnd, count != entry.bytes || UInt32(truncatingIfNeeded: checksum) != entry.checksum {
      throw fault("its checksum is not the one that the zip states")
    }
    return true
  }

  private func fetch() throws(DaybookError) {
    guard pending.isEmpty, storedLeft > 0 else { return }
    let most = Int(min(storedLeft, UInt64(FileSource.pieceBytes)))
    try file.read(into: &pending, at: offset, count: most)
    guard pending.count == most else { throw fault("the zip ends within it") }
    offset += UInt64(most)
    storedLeft -= UInt64(most)
  }

  private func fault(_ reason: String) -> DaybookError {
    DaybookError(.invalidInput, "\(name) is damaged: \(reason)")
  }
}

/// A raw deflate stream, inflated piece by piece by zlib.
private final class Inflater {
  private var stream = z_stream()
  private let name: String

  init(_ name: String) throws(DaybookError) {
    self.name = name
    guard daybook_inflate_start(&stream) == Z_OK else {
      throw DaybookError(.invalidInput, "\(name) can't be inflated: there is no memory for it")
    }
  }

  deinit { inflateEnd(&stream) }

  /// Takes some of `input` away, and appends at most a piece. True at the stream's end.
  func inflate(
    _ input: inout [UInt8], into output: inout [UInt8]
  ) throws(DaybookError) -> Bool {
    let start = output.count
    output.append(contentsOf: repeatElement(0, count: FileSource.pieceBytes))
    var taken = 0
    var made = 0
    let status = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress.map { $0 + start }
        stream.avail_out = UInt32(FileSource.pieceBytes)
        let status = CZlib.inflate(&stream, Z_NO_FLUSH)
        taken = source.count - Int(stream.avail_in)
        made = FileSource.pieceBytes - Int(stream.avail_out)
        return status
      }
    }
    output.removeLast(FileSource.pieceBytes - made)
    input.removeFirst(taken)
    // Nothing to be done without more input is no fault.
    guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
      throw DaybookError(.invalidInput, "\(name) is damaged: it can't be inflated")
    }
    return status == Z_STREAM_END
  }
}

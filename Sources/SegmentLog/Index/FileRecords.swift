import Files
import Glibc

/// Where the bytes of a file are had from.
enum FileBytes {
  case file(any FileSystem, File)
  /// All of them.
  case memory([UInt8])

  func bytes(_ range: Range<Int>) throws(FileError) -> ArraySlice<UInt8> {
    switch self {
    case .file(let files, let file): try files.bytes(of: file, range)[...]
    case .memory(let bytes): bytes[range]
    }
  }
}

/// Records of one size that lie one behind the other in a file, read by the page.
struct FileRecords {
  private static let pageBytes = 4096

  let source: FileBytes
  let count: Int
  private let start: Int
  private let recordBytes: Int
  private let recordsPerPage: Int
  /// The records that are in memory.
  private var held = 0..<0
  private var page: ArraySlice<UInt8> = []

  init(_ source: FileBytes, start: Int, count: Int, recordBytes: Int) {
    self.source = source
    self.start = start
    self.count = count
    self.recordBytes = recordBytes
    recordsPerPage = FileRecords.pageBytes / recordBytes
  }

  /// The bytes of one record. Throws where the file has been cut since.
  subscript(index: Int) -> Record {
    mutating get throws(FileError) {
      if !held.contains(index) { try hold(index) }
      let at = page.startIndex + (index - held.lowerBound) * recordBytes
      return Record(bytes: page[at..<at + recordBytes])
    }
  }

  struct Record {
    fileprivate let bytes: ArraySlice<UInt8>

    func little<Value: FixedWidthInteger & BitwiseCopyable>(
      _ type: Value.Type, at position: Int
    ) -> Value {
      bytes.withUnsafeBytes { $0.little(type, at: position) }
    }
  }

  private mutating func hold(_ index: Int) throws(FileError) {
    precondition((0..<count).contains(index), "a record that isn't there")
    let first = index / recordsPerPage * recordsPerPage
    let past = min(count, first + recordsPerPage)
    page = try source.bytes(start + first * recordBytes..<start + past * recordBytes)
    held = first..<past
  }

  /// How many records, from the first on, satisfy a predicate that holds up to some point.
  mutating func countOfPrefix(_ holds: (Record) -> Bool) throws(FileError) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if holds(try self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension FileSystem {
  /// Exactly these bytes of a file; one that ends before them has been cut.
  func bytes(of file: File, _ range: Range<Int>) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    let count = try withBytes(of: &bytes) { (raw) throws(FileError) in
      try read(file, into: raw, at: UInt64(range.lowerBound))
    }
    guard count == range.count else {
      throw FileError(
        number: EIO, operation: "read \(file.path), which ends at byte \(range.lowerBound + count)")
    }
    return bytes
  }
}

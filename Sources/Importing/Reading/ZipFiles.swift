import DaybookModel

/// A zip (APPNOTE.TXT 6.3.10, zip64 included) as a set of files that are read one by one.
///
/// Nothing is ever written under a name of the archive's, and names that lead out of it are refused
/// all the same. Only what its directory at the end lists is there.
struct ZipFiles: ExportFiles {
  /// Where a file lies in the archive, and how.
  struct Entry: Sendable {
    var headerOffset: UInt64
    var storedBytes: UInt64
    var bytes: UInt64
    var checksum: UInt32
    var method: UInt16
  }

  let paths: [String]
  let refused: [ImportFault]
  private let path: String
  private let entries: [String: Entry]

  /// Throws `invalid_input` for what is no whole zip.
  init(path: String) throws(DaybookError) {
    let file = try FileSource(path: path)
    let directory = try ZipDirectory(file, path: path)
    self.path = path
    entries = directory.entries
    refused = directory.refused
    paths = directory.entries.keys.sorted()
  }

  func open(_ name: String) throws(DaybookError) -> any ByteSource {
    guard let entry = entries[name] else {
      throw DaybookError(.invalidInput, "\(path) has no file \(name)")
    }
    return try ZipSource(try FileSource(path: path), entry, name: name)
  }
}

/// The directory at the end of a zip.
struct ZipDirectory {
  private(set) var entries: [String: ZipFiles.Entry] = [:]
  private(set) var refused: [ImportFault] = []

  private static let endBytes = 22
  private static let commentBytesMax = 65_535
  private static let locatorBytes = 20
  private static let headerBytes = 46
  /// Of an archive of millions of files. A larger one is a fault, and no reason to take memory.
  private static let directoryBytesMax: UInt64 = 1 << 30

  private let path: String

  init(_ file: FileSource, path: String) throws(DaybookError) {
    self.path = path
    let size = try file.size()
    let (offset, length) = try place(file, size)
    guard length <= ZipDirectory.directoryBytesMax, offset <= size, length <= size - offset else {
      throw fault("its directory lies past its end: is it whole?")
    }
    var bytes: [UInt8] = []
    try file.read(into: &bytes, at: offset, count: Int(length))
    var rest = ZipFields(bytes[...])
    while rest.count >= ZipDirectory.headerBytes, rest.peek32() == 0x0201_4b50 {
      try take(&rest)
    }
  }

  /// Where the directory is, by the record at the archive's end, and by that of zip64 where there is
  /// one.
  private func place(_ file: FileSource, _ size: UInt64) throws(DaybookError) -> (UInt64, UInt64) {
    let tailBytes = min(size, UInt64(ZipDirectory.endBytes + ZipDirectory.commentBytesMax))
    var tail: [UInt8] = []
    try file.read(into: &tail, at: size - tailBytes, count: Int(tailBytes))
    guard tail.count >= ZipDirectory.endBytes,
      let end = (0...(tail.count - ZipDirectory.endBytes)).reversed().first(where: {
        tail[$0...].starts(with: [0x50, 0x4b, 5, 6])
      })
    else { throw fault("it has no directory at its end: is it whole?") }
    var record = ZipFields(tail[(end + 12)...])
    let (length, offset) = (record.take32(), record.take32())
    let endOffset = size - tailBytes + UInt64(end)
    guard length == .max || offset == .max else { return (UInt64(offset), UInt64(length)) }
    guard endOffset >= UInt64(ZipDirectory.locatorBytes) else { throw fault("it is not whole") }
    var bytes: [UInt8] = []
    try file.read(
      into: &bytes, at: endOffset - UInt64(ZipDirectory.locatorBytes),
      count: ZipDirectory.locatorBytes)
    var locator = ZipFields(bytes[...])
    guard locator.take32() == 0x0706_4b50 else { throw fault("its zip64 record is not there") }
    locator.skip(4)
    bytes = []
    try file.read(into: &bytes, at: locator.take64(), count: 56)
    var large = ZipFields(bytes[...])
    guard bytes.count == 56, large.take32() == 0x0606_4b50 else {
      throw fault("its zip64 record is not there")
    }
    large.skip(36)
    let largeLength = large.take64()
    return (large.take64(), largeLength)
  }

  private mutating func take(_ fields: inout ZipFields) throws(DaybookError) {
    fields.skip(8)
    let flags = fields.take16()
    let method = fields.take16()
    fields.skip(4)
    let checksum = fields.take32()
    let (stored, bytes) = (fields.take32(), fields.take32())
    let (nameBytes, extraBytes, commentBytes) = (fields.take16(), fields.take16(), fields.take16())
    fields.skip(8)
    let offset = fields.take32()
    guard fields.count >= Int(nameBytes) + Int(extraBytes) + Int(commentBytes) else {
      throw fault("its directory is cut off")
    }
    let name = ZipDirectory.name(fields.take(Int(nameBytes)))
    var extra = ZipFields(fields.take(Int(extraBytes)))
    fields.skip(Int(commentBytes))
    var entry = ZipFiles.Entry(
      headerOffset: UInt64(offset), storedBytes: UInt64(stored), bytes: UInt64(bytes),
      checksum: checksum, method: method)
    ZipDirectory.widen(&entry, &extra)
    // A folder, or what macOS keeps beside files.
    guard !name.hasSuffix("/"), !name.hasPrefix("__MACOSX/") else { return }
    if let reason = ZipDirectory.refusal(of: name, flags, method) {
      refused.append(ImportFault("bad_file", name, reason))
    } else if !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
      entries[name] = entry
    }
  }

  private static func refusal(of name: String, _ flags: UInt16, _ method: UInt16) -> String? {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    if parts.contains("") || parts.contains("..") || name.contains("\\") || name.contains("\0") {
      return "its name leads out of the zip"
    }
    if flags & 1 != 0 { return "it is encrypted" }
    return method == 0 || method == 8 ? nil : "it is compressed in a way (\(method)) not known here"
  }

  /// Sizes and places that need more than 32 bits stand in an extra field, in this order, and only
  /// those that do.
  private static func widen(_ entry: inout ZipFiles.Entry, _ extra: inout ZipFields) {
    while extra.count >= 4 {
      let (kind, length) = (extra.take16(), Int(extra.take16()))
      guard extra.count >= length else { return }
      var field = ZipFields(extra.take(length))
      guard kind == 1 else { continue }
      if entry.bytes == UInt64(UInt32.max), field.count >= 8 { entry.bytes = field.take64() }
      if entry.storedBytes == UInt64(UInt32.max), field.count >= 8 {
        entry.storedBytes = field.take64()
      }
      if entry.headerOffset == UInt64(UInt32.max), field.count >= 8 {
        entry.headerOffset = field.take64()
      }
    }
  }

  /// UTF-8, as all write it by now; of older ones each byte is a letter, so that no two are the same.
  private static func name(_ bytes: ArraySlice<UInt8>) -> String {
    String(validating: bytes, as: UTF8.self)
      ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  private func fault(_ reason: String) -> DaybookError {
    DaybookError(.invalidInput, "\(path) is no whole zip: \(reason)")
  }
}

/// Little-endian numbers, one behind the other. What is missing reads as 0: lengths are checked where
/// they count.
struct ZipFields {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  var count: Int { bytes.count }

  mutating func skip(_ count: Int) { bytes = bytes.dropFirst(count) }

  mutating func take(_ count: Int) -> ArraySlice<UInt8> {
    defer { skip(count) }
    return bytes.prefix(count)
  }

  mutating func take16() -> UInt16 { UInt16(truncatingIfNeeded: number(2)) }
  mutating func take32() -> UInt32 { UInt32(truncatingIfNeeded: number(4)) }
  mutating func take64() -> UInt64 { number(8) }

  func peek32() -> UInt32 {
    var copy = self
    return copy.take32()
  }

  private mutating func number(_ count: Int) -> UInt64 {
    var value: UInt64 = 0
    for (index, byte) in take(count).enumerated() { value |= UInt64(byte) << (8 * UInt64(index)) }
    return value
  }
}

import DaybookModel
import Files
import Glibc

/// The index file of a closed segment. Its filter is kept in memory, the rest is read when it is
/// asked for: by pread, not through a map, for a sector that can't be read, or a file that was cut,
/// must be an error here and not the end of the process. A small one is kept whole: many short runs
/// leave thousands of some hundred bytes each, and a question must not open each of them.
final class SealedIndex: SegmentIndex, Sendable {
  /// Larger files are not kept.
  static let heldBytesMax = 4096

  let layout: IndexLayout
  private let files: any FileSystem
  private let path: String
  private let filter: [UInt64]
  private let originFilter: [UInt64]
  /// The whole file, or nothing.
  private let held: [UInt8]

  /// Reads and verifies a whole file; nil if it isn't the index of this log's segment. Throws what
  /// keeps it from being read.
  convenience init?(
    _ files: any FileSystem, path: String, partition: PartitionID, baseOffset: Offset,
    _ seed: LogSeed
  ) throws(FileError) {
    let file = try files.open(path, flags: O_RDONLY, mode: 0)
    defer { files.close(file) }
    guard let start = try IndexStart(files, file, seed),
      start.layout.facts.partition == partition, start.layout.facts.baseOffset == baseOffset
    else { return nil }
    if start.isWhole {
      self.init(whole: start, files, path: path, seed)
      return
    }
    let layout = start.layout
    guard try SealedIndex.sectionsChecksum(files, file, layout, seed) == layout.sectionsChecksum
    else { return nil }
    let filters = try files.bytes(of: file, layout.filterAt..<layout.streamsAt)
    self.init(layout, files, path: path, filters: filters[...], held: [])
  }

  /// From a file's start that is all of it; nil if its sections are wrong.
  convenience init?(
    whole start: IndexStart, _ files: any FileSystem, path: String, _ seed: LogSeed
  ) {
    let layout = start.layout
    let checksum = start.bytes.withUnsafeBytes {
      seed.checksum(UnsafeRawBufferPointer(rebasing: $0[IndexLayout.byteCount...]))
    }
    guard start.isWhole, checksum == layout.sectionsChecksum else { return nil }
    self.init(
      layout, files, path: path, filters: start.bytes[layout.filterAt..<layout.streamsAt],
      held: start.bytes)
  }

  private init(
    _ layout: IndexLayout, _ files: any FileSystem, path: String, filters: ArraySlice<UInt8>,
    held: [UInt8]
  ) {
    self.layout = layout
    self.files = files
    self.path = path
    self.held = held
    let words = filters.withUnsafeBytes { raw in
      (0..<layout.filterWords + layout.originFilterWords).map {
        raw.little(UInt64.self, at: $0 * 8)
      }
    }
    filter = Array(words[..<layout.filterWords])
    originFilter = Array(words[layout.filterWords...])
  }

  private static func sectionsChecksum(
    _ files: any FileSystem, _ file: File, _ layout: IndexLayout, _ seed: LogSeed
  ) throws(FileError) -> UInt32 {
    var checksum = seed
    let (start, end) = (UInt64(IndexLayout.byteCount), UInt64(layout.fileBytes))
    try files.duplicate(file, from: start, to: end) { bytes, _ in
      checksum = checksum.advanced(by: bytes)
    }
    return checksum.value
  }

  // MARK: looking up

  func place(before delta: UInt32) throws(FileError) -> BatchPlace {
    try withRecords(at: IndexLayout.byteCount, layout.places, IndexLayout.placeBytes) {
      records throws(FileError) in
      let count = try records.countOfPrefix { $0.little(UInt32.self, at: 0) <= delta }
      if count == 0 { return BatchPlace(delta: 0, position: 0) }
      let place = try records[count - 1]
      return BatchPlace(
        delta: place.little(UInt32.self, at: 0), position: place.little(UInt32.self, at: 4))
    }
  }

  func stream(
    _ key: UInt64, from first: UInt64, through last: UInt64, end: UInt32, limit: Int
  ) throws(FileError) -> [IndexEntry] {
    guard mayHold(key) else { return [] }
    return try withEntries(of: key, layout.streamsAt, layout.streams) {
      entries throws(FileError) in
      let start = try entries.countOfPrefix { $0 < first }
      return try entries.ascending(from: start, limit, before: end) { $0 <= last }
    } ?? []
  }

  func streamStart(_ key: UInt64) throws(FileError) -> IndexEntry? {
    guard mayHold(key) else { return nil }
    return try withEntries(of: key, layout.streamsAt, layout.streams) {
      entries throws(FileError) in
      try entries.entry(at: 0)
    }
  }

  func origin(
    _ key: UInt64, from first: UInt64, through last: UInt64, end: UInt32, limit: Int
  ) throws(FileError) -> [IndexEntry] {
    let isHeld = BloomFilter.mayHold(key, wordCount: originFilter.count) { originFilter[$0] }
    guard isHeld else { return [] }
    return try withEntries(of: key, layout.originsAt, layout.origins) {
      entries throws(FileError) in
      let past = last == .max ? entries.count : try entries.countOfPrefix { $0 <= last }
      return try entries.descending(below: past, limit, before: end) { $0 >= first }.reversed()
    } ?? []
  }

  func conversation(
    _ key: UInt64, below bound: UInt64, end: UInt32, limit: Int
  ) throws(FileError) -> [IndexEntry] {
    guard mayHold(key) else { return [] }
    return try withEntries(of: key, layout.conversationsAt, layout.conversations) {
      entries throws(FileError) in
      let past = try entries.countOfPrefix { $0 < bound }
      return try entries.descending(below: past, limit, before: end) { _ in true }.reversed()
    } ?? []
  }

  /// Nearly always the filter alone says that a segment holds nothing of a key.
  private func mayHold(_ key: UInt64) -> Bool {
    BloomFilter.mayHold(key, wordCount: filter.count) { filter[$0] }
  }

  private func withRecords<Value>(
    at start: Int, _ count: Int, _ bytes: Int,
    _ body: (inout FileRecords) throws(FileError) -> Value
  ) throws(FileError) -> Value {
    if !held.isEmpty {
      var records = FileRecords(.memory(held), start: start, count: count, recordBytes: bytes)
      return try body(&records)
    }
    let file = try files.open(path, flags: O_RDONLY, mode: 0)
    defer { files.close(file) }
    var records = FileRecords(
      .file(files, file), start: start, count: count, recordBytes: bytes)
    return try body(&records)
  }

  /// Nil for a key that isn't here.
  private func withEntries<Value>(
    of key: UInt64, _ keysAt: Int, _ keyCount: Int,
    _ body: (inout IndexEntries) throws(FileError) -> Value
  ) throws(FileError) -> Value? {
    try withRecords(at: keysAt, keyCount, IndexLayout.keyBytes) {
      keys throws(FileError) -> Value? in
      let at = try keys.countOfPrefix { $0.little(UInt64.self, at: 0) < key }
      guard at < keyCount else { return nil }
      let found = try keys[at]
      guard found.little(UInt64.self, at: 0) == key else { return nil }
      let first = Int(found.little(UInt32.self, at: 8))
      let count = Int(found.little(UInt32.self, at: 12))
      guard first + count <= layout.entries, count > 0 else { return nil }
      var entries = IndexEntries(keys.source, layout, first..<first + count)
      return try body(&entries)
    }
  }
}

/// One key's entries in an index file.
private struct IndexEntries {
  private var values: FileRecords
  private var deltas: FileRecords

  init(_ source: FileBytes, _ layout: IndexLayout, _ range: Range<Int>) {
    values = FileRecords(
      source, start: layout.valuesAt + range.lowerBound * 8, count: range.count, recordBytes: 8)
    deltas = FileRecords(
      source, start: layout.deltasAt + range.lowerBound * 4, count: range.count, recordBytes: 4)
  }

  mutating func countOfPrefix(_ holds: (UInt64) -> Bool) throws(FileError) -> Int {
    try values.countOfPrefix { holds($0.little(UInt64.self, at: 0)) }
  }

  mutating func entry(at index: Int) throws(FileError) -> IndexEntry {
    let value = try values[index].little(UInt64.self, at: 0)
    return IndexEntry(value: value, delta: try deltas[index].little(UInt32.self, at: 0))
  }

  /// From an index on, the first `limit` with a delta before `end`, as long as values are wanted.
  mutating func ascending(
    from start: Int, _ limit: Int, before end: UInt32, _ isWanted: (UInt64) -> Bool
  ) throws(FileError) -> [IndexEntry] {
    var found: [IndexEntry] = []
    var index = start
    while index < values.count, found.count < limit {
      let entry = try entry(at: index)
      guard isWanted(entry.value) else { break }
      if entry.delta < end { found.append(entry) }
      index += 1
    }
    return found
  }

  var count: Int { values.count }

  /// Down from below an index, the first `limit` with a delta before `end`, as long as values are
  /// wanted.
  mutating func descending(
    below past: Int, _ limit: Int, before end: UInt32, _ isWanted: (UInt64) -> Bool
  ) throws(FileError) -> [IndexEntry] {
    var found: [IndexEntry] = []
    var index = past
    while index > 0, found.count < limit {
      index -= 1
      let entry = try entry(at: index)
      guard isWanted(entry.value) else { break }
      if entry.delta < end { found.append(entry) }
    }
    return found
  }
}

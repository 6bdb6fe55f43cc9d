import DaybookModel
import Glibc

/// The index file of a closed segment, mapped: what isn't asked for takes no memory.
final class SealedIndex: SegmentIndex, @unchecked Sendable {
  let layout: IndexLayout
  private let bytes: UnsafeRawBufferPointer

  /// Maps and verifies a whole file; nil if it isn't the index of this log's segment.
  init?(path: String, partition: PartitionID, baseOffset: Offset, _ log: LogID) {
    let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { Glibc.close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_size >= IndexLayout.byteCount,
      let start = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, file, 0),
      start != MAP_FAILED
    else { return nil }
    let bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
    guard let layout = IndexLayout(bytes, log), layout.fileBytes == bytes.count,
      layout.facts.partition == partition, layout.facts.baseOffset == baseOffset,
      log.checksum(UnsafeRawBufferPointer(rebasing: bytes[IndexLayout.byteCount...]))
        == layout.sectionsChecksum
    else {
      munmap(start, bytes.count)
      return nil
    }
    self.layout = layout
    self.bytes = bytes
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count) }

  /// Only what the header says, for opening a log with many segments.
  static func facts(
    _ files: any FileSystem, path: String, _ log: LogID
  ) throws(FileError) -> SegmentFacts? {
    let file: Int32
    do throws(FileError) {
      file = try files.open(path, flags: O_RDONLY, mode: 0)
    } catch {
      if error.number == ENOENT { return nil }
      throw error
    }
    defer { files.close(file) }
    let header = UnsafeMutableRawBufferPointer.allocate(
      byteCount: IndexLayout.byteCount, alignment: 8)
    defer { header.deallocate() }
    guard try files.read(file, into: header, at: 0) == header.count,
      let layout = IndexLayout(UnsafeRawBufferPointer(header), log),
      try files.size(file) == UInt64(layout.fileBytes)
    else { return nil }
    return layout.facts
  }

  func place(before delta: UInt32) -> BatchPlace {
    let count = (0..<layout.places).countOfPrefix { place(at: $0).delta <= delta }
    return count == 0 ? BatchPlace(delta: 0, position: 0) : place(at: count - 1)
  }

  func stream(
    _ key: UInt64, from first: UInt64, through last: UInt64, end: UInt32, limit: Int
  ) -> [IndexEntry] {
    guard let range = entries(of: key, layout.streamsAt, layout.streams) else { return [] }
    let start = range.lowerBound + range.countOfPrefix { value(at: $0) < first }
    let past = range.lowerBound + range.countOfPrefix { value(at: $0) <= last }
    guard start < past else { return [] }
    return (start..<past).entries(limit, before: end) { entry(at: $0) }
  }

  func streamStart(_ key: UInt64) -> IndexEntry? {
    entries(of: key, layout.streamsAt, layout.streams).map { entry(at: $0.lowerBound) }
  }

  func conversation(
    _ key: UInt64, below bound: UInt64, end: UInt32, limit: Int
  ) -> [IndexEntry] {
    guard let range = entries(of: key, layout.conversationsAt, layout.conversations) else {
      return []
    }
    let past = range.lowerBound + range.countOfPrefix { value(at: $0) < bound }
    let newest = (range.lowerBound..<past).reversed()
    return newest.entries(limit, before: end) { entry(at: $0) }.reversed()
  }

  private func place(at index: Int) -> BatchPlace {
    let at = IndexLayout.byteCount + index * IndexLayout.placeBytes
    return BatchPlace(
      delta: bytes.little(UInt32.self, at: at), position: bytes.little(UInt32.self, at: at + 4))
  }

  private func value(at index: Int) -> UInt64 {
    bytes.little(UInt64.self, at: layout.valuesAt + index * 8)
  }

  private func entry(at index: Int) -> IndexEntry {
    IndexEntry(
      value: value(at: index),
      delta: bytes.little(UInt32.self, at: layout.deltasAt + index * 4))
  }

  /// Which entries are a key's: nearly always the filter alone says none.
  private func entries(of key: UInt64, _ keysAt: Int, _ keyCount: Int) -> Range<Int>? {
    let held = BloomFilter.mayHold(key, wordCount: layout.filterWords) {
      bytes.little(UInt64.self, at: layout.filterAt + $0 * 8)
    }
    guard held else { return nil }
    func at(_ index: Int) -> Int { keysAt + index * IndexLayout.keyBytes }
    let index = (0..<keyCount).countOfPrefix { bytes.little(UInt64.self, at: at($0)) < key }
    guard index < keyCount, bytes.little(UInt64.self, at: at(index)) == key else { return nil }
    let first = Int(bytes.little(UInt32.self, at: at(index) + 8))
    let count = Int(bytes.little(UInt32.self, at: at(index) + 12))
    guard first + count <= layout.entries, count > 0 else { return nil }
    return first..<first + count
  }
}

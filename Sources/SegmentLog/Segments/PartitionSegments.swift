import Atomics
import DaybookModel
import Files
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// A partition as readers see it, in the owner's process and in others.
final class PartitionSegments: Sendable {
  let files: any FileSystem
  let folder: String
  let partition: PartitionID
  let seeds: PartitionSeeds
  let scanner: any EventScanner
  /// Rebuilt indexes are written, not only kept in memory.
  let writesIndexes: Bool
  private let segments: NIOLockedValueBox<[Segment]>
  private let watermark: ManagedAtomic<Int64>
  /// Nil for whoever does not write.
  let recent: RecentBatches?
  /// Of the segment that is being written: who follows the log does not open it for each look.
  private let held = NIOLockedValueBox<HeldFile?>(nil)
  /// What keeps the partition from being read further, or written to.
  private let fault = NIOLockedValueBox<LogFault?>(nil)

  init(
    files: any FileSystem, folder: String, partition: PartitionID, seeds: PartitionSeeds,
    scanner: any EventScanner, writesIndexes: Bool, segments: [Segment], highWatermark: Offset,
    recent: RecentBatches? = nil
  ) {
    self.files = files
    self.folder = folder
    self.partition = partition
    self.seeds = seeds
    self.scanner = scanner
    self.writesIndexes = writesIndexes
    self.segments = NIOLockedValueBox(segments)
    self.watermark = ManagedAtomic(highWatermark.rawValue)
    self.recent = recent
  }

  /// First offset that is kept. A log without retention keeps everything: that its first segment is
  /// missing is damage.
  var startOffset: Offset { PartitionSegments.startOffset }
  static let startOffset = Offset.zero

  var highWatermark: Offset { Offset(watermark.load(ordering: .acquiring)) }

  /// Never goes back: a second reader of the watermark file may hold an older statement.
  func advance(to offset: Offset) {
    assert(offset >= startOffset, "a high watermark is no lower than the start")
    var known = watermark.load(ordering: .relaxed)
    while known < offset.rawValue {
      let (exchanged, original) = watermark.compareExchange(
        expected: known, desired: offset.rawValue, ordering: .acquiringAndReleasing)
      if exchanged { return }
      known = original
    }
  }

  /// The partition is served up to the fault, and no further.
  func damage(_ fault: LogFault) { self.fault.withLockedValue { $0 = fault } }
  var damaged: LogFault? { fault.withLockedValue { $0 } }

  var all: [Segment] { segments.withLockedValue { $0 } }
  func add(_ segment: Segment) {
    segments.withLockedValue { all in
      assert(all.last.map { $0.base < segment.base } ?? true, "segments rise")
      all.append(segment)
    }
  }
  func removeLast() { segments.withLockedValue { _ = $0.removeLast() } }

  /// Adds segments that another process has begun since the folder was last listed.
  func refreshSegments() throws(FileError) {
    let bases = try files.list(folder).compactMap { FileNames.segmentBase($0) }.sorted()
    segments.withLockedValue { known in
      let last = known.last?.base ?? Offset(-1)
      for base in bases where base > last {
        known.append(
          Segment(
            partition: partition, base: base, folder: folder, seeds: seeds, index: .unknown))
      }
    }
  }

  /// Cuts the segment before the last one to what was used of it.
  func giveBackRoom() {
    guard let segment = all.dropLast().last, case .scanned(let index) = segment.currentIndex else {
      return
    }
    let used = index.facts.bytesUsed
    guard let file = try? files.open(segment.path, flags: O_RDWR, mode: 0) else { return }
    defer { files.close(file) }
    if let size = try? files.size(file), size > used { try? files.truncate(file, to: used) }
  }

  /// Throws where nothing at all can be read: that there is nothing is something else.
  func checkReadable() throws(DaybookError) {
    guard let fault = damaged, fault.offset == all.first?.base ?? startOffset,
      !fault.segment.isEmpty
    else { return }
    throw DaybookError(
      .logCorrupt, "partition \(partition) can't be read: run daybook log verify", cause: fault)
  }

  /// The segment that holds an offset, and where it ends: at the next one or the high watermark.
  func segment(
    holding offset: Offset
  ) throws(DaybookError) -> (segment: Segment, end: Offset) {
    let high = highWatermark
    let all = all
    let count = all.countOfPrefix { $0.base <= offset }
    guard count > 0, offset < high else {
      let first = all.first?.base ?? startOffset
      throw DaybookError(
        .offsetOutOfRange,
        "partition \(partition) has offsets \(first) up to \(high), not \(offset)")
    }
    let end = count < all.count ? min(all[count].base, high) : high
    assert(all[count - 1].base <= offset && offset < end, "it holds the offset")
    return (all[count - 1], end)
  }

  /// The segment's index, complete up to `end`; read, or rebuilt from the segment, when it is
  /// first asked for. Throws `log_corrupt` if the segment can't be scanned that far.
  func index(of segment: Segment, end: Offset) throws(DaybookError) -> any SegmentIndex {
    switch segment.currentIndex {
    case .fed(let index): return index
    case .sealed(let index): return index
    case .scanned, .unknown: break
    }
    segment.indexLock.lock()
    defer { segment.indexLock.unlock() }
    switch segment.currentIndex {
    case .fed(let index): return index
    case .sealed(let index): return index
    case .scanned(let index):
      try scan(segment, into: index, end: end)
      return index
    case .unknown: break
    }
    if let sealed = try sealedIndex(of: segment, end: end) {
      segment.setIndex(.sealed(sealed))
      return sealed
    }
    return try scanned(segment, end: end)
  }

  /// Looks something up in a segment's index. One that can't be read any more costs only the time
  /// to make it anew.
  func lookUp<Value>(
    in segment: Segment, end: Offset, _ body: (any SegmentIndex) throws(FileError) -> Value
  ) throws(DaybookError) -> Value {
    let index = try index(of: segment, end: end)
    do throws(FileError) { return try body(index) } catch {
      if error.isTemporary { throw error.asDaybookError }
    }
    let again = try abandon(index, of: segment, end: end)
    do throws(FileError) { return try body(again) } catch { throw error.asDaybookError }
  }

  private func abandon(
    _ index: any SegmentIndex, of segment: Segment, end: Offset
  ) throws(DaybookError) -> any SegmentIndex {
    segment.indexLock.lock()
    defer { segment.indexLock.unlock() }
    // Somebody else may have found that out a moment before.
    if case .scanned(let scanned) = segment.currentIndex { return scanned }
    return try scanned(segment, end: end)
  }

  /// Nil where it is missing, of something else, or can't be read.
  private func sealedIndex(
    of segment: Segment, end: Offset
  ) throws(DaybookError) -> SealedIndex? {
    do throws(FileError) {
      let sealed = try SealedIndex(
        files, path: segment.indexPath, partition: partition, baseOffset: segment.base,
        segment.seed)
      return sealed.flatMap { $0.layout.facts.nextOffset >= end ? $0 : nil }
    } catch {
      if error.isOutOfFiles { throw error.asDaybookError }
      return nil
    }
  }

  /// Call with the segment's index lock held.
  private func scanned(_ segment: Segment, end: Offset) throws(DaybookError) -> OpenIndex {
    let index = OpenIndex(
      IndexSource(
        partition: partition, baseOffset: segment.base, chainBefore: 0, epoch: Epoch(0)))
    try scan(segment, into: index, end: end)
    segment.setIndex(.scanned(index))
    if writesIndexes, all.last !== segment { try? IndexSealing.seal(segment, index.source, self) }
    return index
  }

  /// Goes on where the index ends.
  private func scan(
    _ segment: Segment, into index: OpenIndex, end: Offset
  ) throws(DaybookError) {
    let facts = index.facts
    assert(facts.baseOffset == segment.base, "an index is of its segment")
    if facts.nextOffset >= end { return }
    var position = facts.bytesUsed
    var expected = facts.nextOffset
    try withFile(segment) { (file) throws(DaybookError) in
      var cursor = BatchCursor(files, file, segment.seed, position: position)
      while expected < end {
        let (header, body) = try next(&cursor, of: segment, expected: expected)
        var slots: [EventSlot] = []
        slots.reserveCapacity(header.count)
        try scanner.scan(header.committed(body), into: &slots)
        index.add(header, chain: header.chain(segment.seed), position: position, slots: slots)
        assert(cursor.position > position && header.nextOffset > expected, "a scan moves on")
        position = cursor.position
        expected = header.nextOffset
      }
    }
  }

  /// The next batch, which must begin at `expected`; anything else is corruption, for it lies
  /// below the high watermark.
  func next(
    _ cursor: inout BatchCursor, of segment: Segment, expected: Offset,
    skipping unwanted: (BatchHeader) -> Bool = { _ in false }
  ) throws(DaybookError) -> (BatchHeader, ByteBuffer) {
    let start = cursor.position
    let reason: String
    do throws(FileError) {
      switch try cursor.next(skipping: unwanted) {
      case .batch(let header, _, let body):
        if header.baseOffset == expected, header.partition == partition { return (header, body) }
        reason = "the batch there has offset \(header.baseOffset), not \(expected)"
      case .unwritten: reason = "nothing was written there"
      case .invalid(let why): reason = why
      }
    } catch {
      throw error.asDaybookError
    }
    throw DaybookError(
      .logCorrupt,
      "partition \(partition) is damaged at offset \(expected): run daybook log verify",
      cause: LogFault(
        partition: partition, segment: FileNames.segment(segment.base), fromByte: start,
        toByte: start, offset: expected, reason: reason))
  }

  func withFile<Value>(
    _ segment: Segment, _ body: (File) throws(DaybookError) -> Value
  ) throws(DaybookError) -> Value {
    let opened: HeldFile
    do throws(FileError) { opened = try open(segment) } catch { throw error.asDaybookError }
    // The last reference closes it.
    defer { withExtendedLifetime(opened) {} }
    return try body(opened.file)
  }

  private func open(_ segment: Segment) throws(FileError) -> HeldFile {
    guard case .fed = segment.currentIndex, all.last === segment else {
      return try HeldFile(segment, files)
    }
    if let held = held.withLockedValue({ $0 }), held.segment === segment { return held }
    let opened = try HeldFile(segment, files)
    held.withLockedValue { $0 = opened }
    return opened
  }

  /// Closes what is kept open: nobody reads any more, or not soon.
  func releaseFile() { held.withLockedValue { $0 = nil } }
}

import Atomics
import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// A partition as readers see it, in the owner's process and in others.
final class PartitionSegments: Sendable {
  let files: any FileSystem
  let folder: String
  let partition: PartitionID
  let log: LogID
  let scanner: any EventScanner
  /// Rebuilt indexes are written, not only kept in memory.
  let writesIndexes: Bool
  private let segments: NIOLockedValueBox<[Segment]>
  private let watermark: ManagedAtomic<Int64>

  init(
    files: any FileSystem, folder: String, partition: PartitionID, log: LogID,
    scanner: any EventScanner, writesIndexes: Bool, segments: [Segment], highWatermark: Offset
  ) {
    self.files = files
    self.folder = folder
    self.partition = partition
    self.log = log
    self.scanner = scanner
    self.writesIndexes = writesIndexes
    self.segments = NIOLockedValueBox(segments)
    self.watermark = ManagedAtomic(highWatermark.rawValue)
  }

  var highWatermark: Offset { Offset(watermark.load(ordering: .acquiring)) }

  /// Never goes back: a second reader of the watermark file may hold an older statement.
  func advance(to offset: Offset) {
    var known = watermark.load(ordering: .relaxed)
    while known < offset.rawValue {
      let (exchanged, original) = watermark.compareExchange(
        expected: known, desired: offset.rawValue, ordering: .acquiringAndReleasing)
      if exchanged { return }
      known = original
    }
  }

  var all: [Segment] { segments.withLockedValue { $0 } }
  func add(_ segment: Segment) { segments.withLockedValue { $0.append(segment) } }

  /// Adds segments that another process has begun since the folder was last listed.
  func refreshSegments() throws(FileError) {
    let bases = try files.list(folder).compactMap { FileNames.segmentBase($0) }.sorted()
    segments.withLockedValue { known in
      let last = known.last?.base ?? Offset(-1)
      for base in bases where base > last {
        known.append(
          Segment(partition: partition, base: base, folder: folder, index: .unknown))
      }
    }
  }

  /// The segment that holds an offset, and where it ends: at the next one or the high watermark.
  func segment(
    holding offset: Offset
  ) throws(DaybookError) -> (segment: Segment, end: Offset) {
    let high = highWatermark
    let all = all
    let count = all.countOfPrefix { $0.base <= offset }
    guard count > 0, offset < high else {
      let first = all.first?.base ?? .zero
      throw DaybookError(
        .offsetOutOfRange,
        "partition \(partition) has offsets \(first) up to \(high), not \(offset)")
    }
    return (all[count - 1], count < all.count ? min(all[count].base, high) : high)
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
    if let sealed = SealedIndex(
      path: segment.indexPath, partition: partition, baseOffset: segment.base, log),
      sealed.layout.facts.nextOffset >= end
    {
      segment.setIndex(.sealed(sealed))
      return sealed
    }
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
    if facts.nextOffset >= end { return }
    var position = facts.bytesUsed
    var expected = facts.nextOffset
    try withFile(segment) { (file) throws(DaybookError) in
      var cursor = BatchCursor(files, file, log, position: position)
      while expected < end {
        let (header, body) = try next(&cursor, of: segment, expected: expected)
        var slots: [EventSlot] = []
        slots.reserveCapacity(header.count)
        try scanner.scan(header.committed(body), into: &slots)
        index.add(header, chain: header.chain(log), position: position, slots: slots)
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
      "\(segment.path) is corrupt at byte \(start), offset \(expected): \(reason); "
        + "run daybook log verify")
  }

  func withFile<Value>(
    _ segment: Segment, _ body: (Int32) throws(DaybookError) -> Value
  ) throws(DaybookError) -> Value {
    let file: Int32
    do throws(FileError) {
      file = try files.open(segment.path, flags: 0, mode: 0)
    } catch {
      throw error.asDaybookError
    }
    defer { files.close(file) }
    return try body(file)
  }
}

import DaybookModel
import Files
import Glibc
import NIOCore
import Ports

/// Reads a segment from its first byte as far as it is right: each batch by itself, and as the
/// continuation of the one before.
struct SegmentScan {
  enum Stop: Equatable {
    /// Only zeros, or nothing, from here on.
    case unwritten
    case invalid(String)
    /// The disk doesn't give what is there: nothing may be concluded from it, nor cut.
    case unreadable(FileError)
    /// The offset up to which was asked for is reached.
    case reached
  }

  private(set) var source: IndexSource
  private(set) var stop: Stop = .reached
  /// The highest durable offset that a valid batch states.
  private(set) var durableStated = Offset.zero
  private(set) var events = 0
  /// What lies where the scan stopped, a header's length of it, to find out whether anybody has
  /// written there since.
  private(set) var stopBytes: [UInt8] = []

  /// Where the first byte lies that is not of a valid batch.
  var position: UInt64 { source.facts.bytesUsed }
  var nextOffset: Offset { source.facts.nextOffset }

  /// Where a scan begins that goes on behind a fault.
  struct Start {
    var position: UInt64
    var offset: Offset
  }

  /// Scans up to the offset `end`; all that is there where nil. `chainBefore` nil takes the
  /// first batch's word for it. Throws only what passes by itself: too many open files.
  init(
    _ segment: Segment, of partition: PartitionSegments, chainBefore: UInt32?, epoch: Epoch,
    from start: Start? = nil, end: Offset? = nil
  ) throws(DaybookError) {
    source = IndexSource(
      partition: partition.partition, baseOffset: segment.base, chainBefore: chainBefore ?? 0,
      epoch: epoch)
    if let start {
      source.facts.nextOffset = start.offset
      source.facts.bytesUsed = start.position
    }
    let position = source.facts.bytesUsed
    var isAnchored = chainBefore != nil
    do throws(FileError) {
      let file = try partition.files.open(segment.path, flags: O_RDONLY, mode: 0)
      defer { partition.files.close(file) }
      // Going on behind each of many faults must not read a large piece each time.
      var cursor = BatchCursor(
        partition.files, file, segment.seed, position: position,
        chunkBytes: start == nil ? BatchCursor.chunkBytes : BatchCursor.resumedChunkBytes)
      scan: while end.map({ source.facts.nextOffset < $0 }) ?? true {
        switch try cursor.next() {
        case .batch(let header, let position, let body):
          if !isAnchored {
            source.facts.chainBefore = header.previousChain
            source.facts.chainAfter = header.previousChain
            isAnchored = true
          }
          if let reason = take(header, position, body, segment, partition.scanner) {
            stop = .invalid(reason)
            break scan
          }
        case .unwritten:
          stop = .unwritten
          break scan
        case .invalid(let reason):
          stop = .invalid(reason)
          break scan
        }
      }
      stopBytes = try partition.files.start(of: file, at: self.position)
    } catch {
      if error.isOutOfFiles { throw error.asDaybookError }
      stop = .unreadable(error)
    }
    assert(self.position >= position && nextOffset >= segment.base, "a scan only goes forward")
    assert(
      stop != .reached || end.map { nextOffset >= $0 } ?? false,
      "a scan that nothing has stopped is where it was to go")
  }

  /// The bytes at which the scan stopped, as they are now.
  func bytesAtStop(of segment: Segment, _ files: any FileSystem) throws(FileError) -> [UInt8] {
    let file = try files.open(segment.path, flags: O_RDONLY, mode: 0)
    defer { files.close(file) }
    return try files.start(of: file, at: position)
  }

  /// Why a batch that is valid by itself does not continue the log; nil if it does.
  private mutating func take(
    _ header: BatchHeader, _ position: UInt64, _ body: ByteBuffer, _ segment: Segment,
    _ scanner: any EventScanner
  ) -> String? {
    let facts = source.facts
    if header.partition != facts.partition {
      return "the batch is of partition \(header.partition)"
    }
    if header.baseOffset != facts.nextOffset {
      return "the batch has offset \(header.baseOffset), not \(facts.nextOffset)"
    }
    if header.nextOffset.rawValue - facts.baseOffset.rawValue > Int64(UInt32.max) {
      return "the batch has offset \(header.baseOffset), for which no segment has room"
    }
    if header.previousChain != facts.chainAfter, !Mutant.leavesOut(.chain) {
      return "the batch does not continue the chain of the one before"
    }
    if header.epoch < facts.lastEpoch {
      return "the batch is of epoch \(header.epoch), behind epoch \(facts.lastEpoch)"
    }
    if header.lastRecordedAt < header.firstRecordedAt {
      return "the batch's times run backwards"
    }
    var slots: [EventSlot] = []
    slots.reserveCapacity(header.count)
    do throws(DaybookError) {
      try scanner.scan(header.committed(body), into: &slots)
    } catch {
      return "the batch's events can't be read: \(error.message)"
    }
    if slots.count != header.count { return "the batch holds \(slots.count) events" }
    source.add(header, chain: header.chain(segment.seed), position: position, slots: slots)
    durableStated = max(durableStated, header.durableOffset)
    events += header.count
    assert(durableStated < nextOffset, "a batch states what was durable before it")
    assert(self.position > position, "a batch has bytes")
    return nil
  }
}

extension Segment {
  /// What was scanned need not be read again.
  func adopt(_ scan: SegmentScan) { setIndex(.scanned(OpenIndex(scan.source))) }
}

extension FileSystem {
  /// As many bytes as a batch header has, or fewer at the file's end.
  fileprivate func start(of file: File, at position: UInt64) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: BatchHeader.byteCount)
    let count = try withBytes(of: &bytes) { (raw) throws(FileError) in
      try read(file, into: raw, at: position)
    }
    return Array(bytes[..<count])
  }
}

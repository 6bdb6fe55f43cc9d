import DaybookModel
import NIOCore
import Ports

/// Reads a segment from its first byte as far as it is right: each batch by itself, and as the
/// continuation of the one before.
struct SegmentScan {
  enum Stop: Equatable {
    /// Only zeros, or nothing, from here on.
    case unwritten
    case invalid(String)
    /// The offset up to which was asked for is reached.
    case reached
  }

  private(set) var source: IndexSource
  private(set) var stop: Stop = .reached
  /// The highest durable offset that a valid batch states.
  private(set) var durableStated = Offset.zero
  private(set) var events = 0

  /// Where the first byte lies that is not of a valid batch.
  var position: UInt64 { source.facts.bytesUsed }
  var nextOffset: Offset { source.facts.nextOffset }

  /// Where a scan begins that goes on behind a fault.
  struct Start {
    var position: UInt64
    var offset: Offset
  }

  /// Scans up to the offset `end`; all that is there where nil. `chainBefore` nil takes the
  /// first batch's word for it. Throws only for failures to read.
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
    var failure: DaybookError?
    try partition.withFile(segment) { (file) throws(DaybookError) in
      var cursor = BatchCursor(partition.files, file, partition.log, position: position)
      while end.map({ source.facts.nextOffset < $0 }) ?? true {
        do throws(FileError) {
          switch try cursor.next() {
          case .batch(let header, let position, let body):
            if !isAnchored {
              source.facts.chainBefore = header.previousChain
              source.facts.chainAfter = header.previousChain
              isAnchored = true
            }
            if let reason = take(header, position, body, partition) {
              stop = .invalid(reason)
              durableStated = max(durableStated, header.durableOffset)
              return
            }
          case .unwritten:
            stop = .unwritten
            return
          case .invalid(let reason):
            stop = .invalid(reason)
            return
          }
        } catch {
          failure = error.asDaybookError
          return
        }
      }
    }
    if let failure { throw failure }
  }

  /// Why a batch that is valid by itself does not continue the log; nil if it does.
  private mutating func take(
    _ header: BatchHeader, _ position: UInt64, _ body: ByteBuffer, _ partition: PartitionSegments
  ) -> String? {
    let facts = source.facts
    if header.partition != facts.partition {
      return "the batch is of partition \(header.partition)"
    }
    if header.baseOffset != facts.nextOffset {
      return "the batch has offset \(header.baseOffset), not \(facts.nextOffset)"
    }
    if header.previousChain != facts.chainAfter {
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
      try partition.scanner.scan(header.committed(body), into: &slots)
    } catch {
      return "the batch's events can't be read: \(error.message)"
    }
    if slots.count != header.count { return "the batch holds \(slots.count) events" }
    source.add(header, chain: header.chain(partition.log), position: position, slots: slots)
    durableStated = max(durableStated, header.durableOffset)
    events += header.count
    return nil
  }
}

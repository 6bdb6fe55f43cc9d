import DaybookModel
import Files

/// Where a batch begins: an entry of the offset index.
struct BatchPlace: Equatable, Sendable {
  /// Counted from the segment's base offset.
  var delta: UInt32
  var position: UInt32
}

/// An event of a key, and its value there: a seq, an offset, a message id or a command's number.
struct IndexEntry: Equatable, Sendable {
  var value: UInt64
  /// Counted from the segment's base offset.
  var delta: UInt32
}

extension EventSlot {
  /// Key and value of the event's entry among its stream's: its seq, or without one its offset under
  /// a key of its own.
  func streamEntry(at base: Offset, _ delta: UInt32) -> (key: UInt64, value: UInt64) {
    guard seq == .none else { return (stream, seq.rawValue) }
    return (
      ConversationKey.fingerprint(unsequencedIn: stream),
      UInt64(base.rawValue) + UInt64(delta)
    )
  }
}

/// Everything that an index is built from: facts, places of batches, and slots of events.
struct IndexSource: Sendable {
  struct Batch: Sendable {
    var delta: UInt32
    var slots: [EventSlot]
  }

  /// Batches nearer than this to an indexed one are found by walking from it.
  static let placeDistanceBytes: UInt32 = 4096

  var facts: SegmentFacts
  var places: [BatchPlace] = []
  var batches: [Batch] = []

  init(partition: PartitionID, baseOffset: Offset, chainBefore: UInt32, epoch: Epoch) {
    facts = SegmentFacts(
      partition: partition, baseOffset: baseOffset, nextOffset: baseOffset, bytesUsed: 0,
      chainBefore: chainBefore, chainAfter: chainBefore, lastEpoch: epoch,
      lastRecordedAt: .none)
  }

  mutating func add(_ header: BatchHeader, chain: UInt32, position: UInt64, slots: [EventSlot]) {
    let delta = UInt32(header.baseOffset.rawValue - facts.baseOffset.rawValue)
    let place = BatchPlace(delta: delta, position: UInt32(position))
    if places.isEmpty
      || place.position - places[places.count - 1].position >= IndexSource.placeDistanceBytes
    {
      places.append(place)
    }
    if batches.isEmpty { facts.chainBefore = header.previousChain }
    batches.append(Batch(delta: delta, slots: slots))
    facts.nextOffset = header.nextOffset
    facts.bytesUsed = position + UInt64(header.batchBytes)
    facts.chainAfter = chain
    facts.lastEpoch = header.epoch
    facts.lastRecordedAt = header.lastRecordedAt
  }
}

/// Looking things up in one segment. Results of a key come by ascending value. An index knows
/// batches a moment before they are durable: `end`, counted from the base offset, is the first
/// offset that doesn't count, and a limit is one of what does. What throws is of no use any more,
/// and is made anew from its segment.
protocol SegmentIndex: AnyObject, Sendable {
  /// The nearest indexed batch at or before an offset of the segment.
  func place(before delta: UInt32) throws(FileError) -> BatchPlace
  /// Entries of a stream with `first <= value <= last`, at most `limit`, the lowest.
  func stream(
    _ key: UInt64, from first: UInt64, through last: UInt64, end: UInt32, limit: Int
  ) throws(FileError) -> [IndexEntry]
  /// The entry with the lowest value of a stream's here; nil if it has none.
  func streamStart(_ key: UInt64) throws(FileError) -> IndexEntry?
  /// Entries of an origin with `first <= value <= last`, at most `limit`, the highest.
  func origin(
    _ key: UInt64, from first: UInt64, through last: UInt64, end: UInt32, limit: Int
  ) throws(FileError) -> [IndexEntry]
  /// Entries of a conversation with a value below `bound`, at most `limit`, the highest.
  func conversation(
    _ key: UInt64, below bound: UInt64, end: UInt32, limit: Int
  ) throws(FileError) -> [IndexEntry]
}

extension Sequence<Int> {
  /// Of a key's entries at these indices, the first `limit` before `end`.
  func entries(
    _ limit: Int, before end: UInt32, _ entry: (Int) -> IndexEntry
  ) -> [IndexEntry] {
    var found: [IndexEntry] = []
    for index in self {
      if found.count >= limit { break }
      let entry = entry(index)
      if entry.delta < end { found.append(entry) }
    }
    return found
  }
}

extension RandomAccessCollection where Index == Int {
  /// How many elements, from the front, satisfy a predicate that holds up to some point.
  func countOfPrefix(_ holds: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if holds(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low - startIndex
  }
}

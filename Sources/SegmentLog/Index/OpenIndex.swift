import DaybookModel
import NIOConcurrencyHelpers

/// The index of a segment that still grows: in memory. A batch costs the writer one append of
/// an array; slots are sorted into keys when somebody asks, on that one's time: the writer is kept
/// waiting no longer than for taking a few batches.
final class OpenIndex: SegmentIndex {
  private struct Tables {
    /// How many of the source's batches are in here.
    var merged = 0
    var streams: [UInt64: [IndexEntry]] = [:]
    var conversations: [UInt64: [IndexEntry]] = [:]
    var origins: [UInt64: [IndexEntry]] = [:]
  }

  /// Batches taken out of the source at a time.
  private static let mergeStep = 64

  private let growing: NIOLockedValueBox<IndexSource>
  /// Taken before `growing` where both are.
  private let tables = NIOLockedValueBox(Tables())
  private let baseOffset: Offset

  init(_ source: IndexSource) {
    growing = NIOLockedValueBox(source)
    baseOffset = source.facts.baseOffset
  }

  var facts: SegmentFacts { growing.withLockedValue { $0.facts } }
  var source: IndexSource { growing.withLockedValue { $0 } }

  func add(_ header: BatchHeader, chain: UInt32, position: UInt64, slots: [EventSlot]) {
    growing.withLockedValue {
      $0.add(header, chain: chain, position: position, slots: slots)
    }
  }

  func place(before delta: UInt32) -> BatchPlace {
    growing.withLockedValue { source in
      let count = source.places.countOfPrefix { $0.delta <= delta }
      return count == 0 ? BatchPlace(delta: 0, position: 0) : source.places[count - 1]
    }
  }

  func stream(
    _ key: UInt64, from first: UInt64, through last: UInt64, end: UInt32, limit: Int
  ) -> [IndexEntry] {
    withTables { $0.streams[key].ascending(first, last, end, limit) }
  }

  func streamStart(_ key: UInt64) -> IndexEntry? { withTables { $0.streams[key]?.first } }

  func origin(
    _ key: UInt64, from first: UInt64, through last: UInt64, end: UInt32, limit: Int
  ) -> [IndexEntry] {
    withTables { $0.origins[key].descending(first, last, end, limit) }
  }

  func conversation(
    _ key: UInt64, below bound: UInt64, end: UInt32, limit: Int
  ) -> [IndexEntry] {
    withTables { tables in
      guard let entries = tables.conversations[key] else { return [] }
      let past = entries.countOfPrefix { $0.value < bound }
      return (0..<past).reversed().entries(limit, before: end) { entries[$0] }.reversed()
    }
  }

  private func withTables<Value>(_ body: (Tables) -> Value) -> Value {
    tables.withLockedValue { tables in
      while let batches = next(after: tables.merged) {
        for batch in batches { merge(batch, into: &tables) }
        tables.merged += batches.count
      }
      return body(tables)
    }
  }

  /// Copied, and not a slice: whoever held one would make the writer copy the whole array.
  private func next(after merged: Int) -> [IndexSource.Batch]? {
    growing.withLockedValue { source in
      let count = min(OpenIndex.mergeStep, source.batches.count - merged)
      return count == 0 ? nil : (merged..<merged + count).map { source.batches[$0] }
    }
  }

  private func merge(_ batch: IndexSource.Batch, into tables: inout Tables) {
    var delta = batch.delta
    for slot in batch.slots {
      let (stream, place) = slot.streamEntry(at: baseOffset, delta)
      OpenIndex.insert(
        IndexEntry(value: place, delta: delta), into: &tables.streams[stream, default: []])
      if slot.conversation != 0 {
        OpenIndex.insert(
          IndexEntry(value: slot.messageID.rawValue, delta: delta),
          into: &tables.conversations[slot.conversation, default: []])
      }
      if slot.origin != 0 {
        OpenIndex.insert(
          IndexEntry(value: slot.number, delta: delta),
          into: &tables.origins[slot.origin, default: []])
      }
      delta += 1
    }
  }

  /// Nearly always at the end; a message that a relay brought late goes before.
  private static func insert(_ entry: IndexEntry, into entries: inout [IndexEntry]) {
    guard let last = entries.last, last.value > entry.value else {
      entries.append(entry)
      return
    }
    entries.insert(entry, at: entries.countOfPrefix { $0.value <= entry.value })
  }
}

extension [IndexEntry]? {
  /// With `first <= value <= last` and a delta before `end`, at most `limit`, the lowest.
  fileprivate func ascending(
    _ first: UInt64, _ last: UInt64, _ end: UInt32, _ limit: Int
  ) -> [IndexEntry] {
    guard let self else { return [] }
    let start = self.countOfPrefix { $0.value < first }
    let past = self.countOfPrefix { $0.value <= last }
    guard start < past else { return [] }
    return (start..<past).entries(limit, before: end) { self[$0] }
  }

  /// The same, the highest.
  fileprivate func descending(
    _ first: UInt64, _ last: UInt64, _ end: UInt32, _ limit: Int
  ) -> [IndexEntry] {
    guard let self else { return [] }
    let start = self.countOfPrefix { $0.value < first }
    let past = self.countOfPrefix { $0.value <= last }
    guard start < past else { return [] }
    return (start..<past).reversed().entries(limit, before: end) { self[$0] }.reversed()
  }
}

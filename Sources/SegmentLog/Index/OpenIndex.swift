import DaybookModel
import NIOConcurrencyHelpers

/// The index of a segment that still grows: in memory. A batch costs the writer one append of
/// an array; slots are sorted into keys when somebody asks.
final class OpenIndex: SegmentIndex {
  private struct State {
    var source: IndexSource
    /// How many of the source's batches are in the tables below.
    var merged = 0
    var streams: [UInt64: [IndexEntry]] = [:]
    var conversations: [UInt64: [IndexEntry]] = [:]
  }

  private let state: NIOLockedValueBox<State>

  init(_ source: IndexSource) {
    state = NIOLockedValueBox(State(source: source))
  }

  var facts: SegmentFacts { state.withLockedValue { $0.source.facts } }
  var source: IndexSource { state.withLockedValue { $0.source } }

  func add(_ header: BatchHeader, chain: UInt32, position: UInt64, slots: [EventSlot]) {
    state.withLockedValue {
      $0.source.add(header, chain: chain, position: position, slots: slots)
    }
  }

  func place(before delta: UInt32) -> BatchPlace {
    state.withLockedValue { state in
      let count = state.source.places.countOfPrefix { $0.delta <= delta }
      return count == 0 ? BatchPlace(delta: 0, position: 0) : state.source.places[count - 1]
    }
  }

  func stream(
    _ key: UInt64, from first: UInt64, through last: UInt64, end: UInt32, limit: Int
  ) -> [IndexEntry] {
    state.withLockedValue { state in
      OpenIndex.merge(&state)
      guard let entries = state.streams[key] else { return [] }
      let start = entries.countOfPrefix { $0.value < first }
      let past = entries.countOfPrefix { $0.value <= last }
      guard start < past else { return [] }
      return (start..<past).entries(limit, before: end) { entries[$0] }
    }
  }

  func streamStart(_ key: UInt64) -> IndexEntry? {
    state.withLockedValue { state in
      OpenIndex.merge(&state)
      return state.streams[key]?.first
    }
  }

  func conversation(
    _ key: UInt64, below bound: UInt64, end: UInt32, limit: Int
  ) -> [IndexEntry] {
    state.withLockedValue { state in
      OpenIndex.merge(&state)
      guard let entries = state.conversations[key] else { return [] }
      let past = entries.countOfPrefix { $0.value < bound }
      return (0..<past).reversed().entries(limit, before: end) { entries[$0] }.reversed()
    }
  }

  private static func merge(_ state: inout State) {
    while state.merged < state.source.batches.count {
      let batch = state.source.batches[state.merged]
      var delta = batch.delta
      for slot in batch.slots {
        if slot.seq > .none {
          insert(
            IndexEntry(value: slot.seq.rawValue, delta: delta),
            into: &state.streams[slot.stream, default: []])
        }
        if slot.conversation != 0 {
          insert(
            IndexEntry(value: slot.messageID.rawValue, delta: delta),
            into: &state.conversations[slot.conversation, default: []])
        }
        delta += 1
      }
      state.merged += 1
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

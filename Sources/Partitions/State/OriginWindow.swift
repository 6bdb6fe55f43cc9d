package import DaybookModel
import Ports

/// What one origin's last 1,024 numbers led to in this partition: the memory behind idempotence.
package struct OriginWindow: Sendable, Equatable {
  package struct Entry: Sendable, Equatable {
    package var number: UInt64
    package var digest: UInt32
    package var changed: Bool
    package var messageID: MessageID
    package var seq: Seq
    package var recordedAt: Timestamp
    /// Of a join: a moderator has to let the user in first.
    package var pending = false
  }

  package enum Lookup: Sendable, Equatable {
    case unseen
    case seen(Entry)
    /// Too far behind the highest number to be known.
    case expired
  }

  /// Ascending by number. What lies before `first` has left the window and waits to be dropped
  /// together, so that a number costs no shifting.
  private var entries: [Entry] = []
  private var first = 0

  package init() {}

  package var isEmpty: Bool { first == entries.count }
  package var current: ArraySlice<Entry> { entries[first...] }

  package func lookup(_ number: UInt64) -> Lookup {
    guard let highest = entries.last?.number, number <= highest else { return .unseen }
    if highest - number >= UInt64(Limits.originWindow) { return .expired }
    let at = position(of: number)
    return at < entries.count && entries[at].number == number ? .seen(entries[at]) : .unseen
  }

  package mutating func insert(_ entry: Entry) {
    if let highest = entries.last?.number, entry.number <= highest {
      let at = position(of: entry.number)
      if at < entries.count && entries[at].number == entry.number { return }
      entries.insert(entry, at: at)
    } else {
      entries.append(entry)
    }
    slide()
  }

  /// First index whose number is not below `number`.
  private func position(of number: UInt64) -> Int {
    var low = first
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func slide() {
    let highest = entries[entries.count - 1].number
    while highest - entries[first].number >= UInt64(Limits.originWindow) { first += 1 }
    if first >= Limits.originWindow {
      entries.removeFirst(first)
      first = 0
    }
  }

  package static func == (a: Self, b: Self) -> Bool { a.current.elementsEqual(b.current) }
}

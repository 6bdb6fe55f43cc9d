package import DaybookModel
import Ports

/// What one origin's last numbers led to in this partition: the memory behind idempotence. What it
/// does not know the log does.
package struct OriginWindow: Sendable, Equatable {
  package struct Entry: Sendable, Equatable {
    package var number: UInt64
    package var digest: UInt32
    package var changed: Bool
    /// The error that it was refused with for good; 0: it was accepted. Only where the number is its
    /// stream's own: of others a refusal is not kept.
    package var refusal: UInt16 = 0
    package var messageID: MessageID
    package var seq: Seq
    package var recordedAt: Timestamp
    /// Of a join: a moderator has to let the user in first.
    package var pending = false
  }

  package enum Lookup: Sendable, Equatable {
    case unseen
    case seen(Entry)
    /// The log has to be asked.
    case unknown
  }

  /// Ascending by number. What lies before `first` has left the window and waits to be dropped
  /// together, so that a number costs no shifting.
  private var entries: [Entry] = []
  private var first = 0
  /// Of the numbers from here on, all that were accepted are among the entries.
  package private(set) var knownFrom: UInt64
  /// False where the origin had been forgotten and then went on: it may have had higher numbers.
  package private(set) var isLoaded: Bool
  /// How far below the highest number it goes.
  private let numbers: UInt64

  package init(
    numbers: Int = Limits.originWindow, knownFrom: UInt64 = 0, isLoaded: Bool = true
  ) {
    self.numbers = UInt64(numbers)
    self.knownFrom = knownFrom
    self.isLoaded = isLoaded
  }

  package var current: ArraySlice<Entry> { entries[first...] }
  /// 0 for none.
  package var highest: UInt64 { entries.last?.number ?? 0 }
  /// About what it takes in memory.
  var bytes: Int { entries.capacity * MemoryLayout<Entry>.stride }

  package func lookup(_ number: UInt64) -> Lookup {
    let at = position(of: number)
    if at < entries.count, entries[at].number == number { return .seen(entries[at]) }
    guard isLoaded else { return .unknown }
    return number >= knownFrom ? .unseen : .unknown
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
    // Nearly always it is the next one.
    guard let highest = entries.last?.number, number <= highest else { return entries.count }
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
    guard highest >= numbers else { return }
    let lowest = highest - numbers + 1
    knownFrom = max(knownFrom, lowest)
    while entries[first].number < lowest { first += 1 }
    if first >= Int(numbers) {
      entries.removeFirst(first)
      first = 0
    }
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.current.elementsEqual(b.current) && a.knownFrom == b.knownFrom && a.isLoaded == b.isLoaded
  }
}

extension OriginWindow.Entry {
  init(_ event: borrowing Event, _ command: CommandID, pending: Bool) {
    self.init(
      number: command.number, digest: command.digest, changed: event.kind != .noted,
      refusal: UInt16(clamping: command.refusal), messageID: event.messageID, seq: event.seq,
      recordedAt: event.recordedAt, pending: pending)
  }
}

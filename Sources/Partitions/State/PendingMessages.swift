package import DaybookModel

/// A peer's messages in a mailbox by seq, ascending, and their ids, which ascend too: one partition
/// gives both. Of very many, every second of the older half is left out, so that a notice may name one
/// that is a little before; the last is always known, so that the last notice is exact.
package struct PendingMessages: Sendable, Equatable {
  package static let countMax = 1_024

  package struct Entry: Sendable, Equatable {
    package var seq: Seq
    package var id: MessageID

    package init(seq: Seq, id: MessageID) {
      self.seq = seq
      self.id = id
    }
  }

  package private(set) var entries: [Entry] = []

  package init() {}

  /// From a snapshot. Nil unless both ascend.
  init?(seqs: [UInt64], ids: [UInt64]) {
    for (seq, id) in zip(seqs, ids) {
      if let last = entries.last, seq <= last.seq.rawValue || id <= last.id.rawValue { return nil }
      entries.append(Entry(seq: Seq(seq), id: MessageID(id)))
    }
  }

  mutating func append(_ seq: Seq, _ id: MessageID) {
    assert(entries.last.map { $0.seq < seq && $0.id < id } ?? true)
    entries.append(Entry(seq: seq, id: id))
    guard entries.count > PendingMessages.countMax else { return }
    let half = entries.count / 2
    let kept = entries[..<half].enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    entries.replaceSubrange(..<half, with: kept)
  }

  /// First index whose seq is above `seq`.
  private func place(after seq: Seq) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].seq <= seq { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func last(upTo seq: Seq) -> Entry? {
    let end = place(after: seq)
    return end > 0 ? entries[end - 1] : nil
  }

  mutating func remove(before seq: Seq) {
    let end = entries.firstIndex { $0.seq >= seq } ?? entries.count
    entries.removeFirst(end)
  }

  mutating func removeAll() { entries.removeAll(keepingCapacity: false) }
}

package import DaybookModel

/// Brings one stream's events into order, each once: whatever arrives twice is dropped, what
/// arrives early is held, and what is missing is named so that it can be fetched.
package struct StreamTracker<Element: Sendable>: Sendable {
  /// Everything up to here was released, or lies outside what the user may see.
  package private(set) var position: Seq
  /// The last position that was acked on this connection.
  package var acked: Seq
  /// Everything up to here was handed to the user.
  package var handed: Seq
  /// A seq that came again though it was handed on: its ack is due once more.
  private var repeated: Seq?
  private var held: [Seq: Element] = [:]
  private var notVisible: [ClosedRange<Seq>] = []
  /// What is being fetched.
  private var fetching: ClosedRange<Seq>?

  package struct Released: Sendable {
    package var seq: Seq
    package var element: Element
  }

  package init(cursor: Seq) {
    position = cursor
    acked = cursor
    handed = cursor
  }

  /// The server follows the stream from `cursor` on, once more. False if its head lies behind what
  /// was received: the log was rolled back.
  package mutating func follow(cursor: Seq, head: Seq) -> Bool {
    fetching = nil
    acked = cursor
    guard head >= position else { return false }
    if cursor > position, held[position.next] == nil { expected = max(expected, cursor) }
    return true
  }

  /// Seqs up to here exist, though no event has shown it.
  private var expected = Seq.none

  /// Takes an event; releases it and what waited for it, or nothing.
  package mutating func receive(_ seq: Seq, _ element: Element) -> [Released] {
    guard seq > position else {
      if seq > .none && seq <= handed {
        // The server sends what it has no ack of. Should that one be lost, only another one moves
        // it.
        acked = min(acked, Seq(seq.rawValue - 1))
        repeated = seq
      }
      return []
    }
    if seq == position.next && held.isEmpty && notVisible.isEmpty {
      position = seq
      return [Released(seq: seq, element: element)]
    }
    held[seq] = element
    return release()
  }

  /// An event came for which there is no room now: it is fetched later. False for one that was
  /// released before.
  package mutating func passOver(_ seq: Seq) -> Bool {
    guard seq > position else { return false }
    if held[seq] == nil { expected = max(expected, seq) }
    return true
  }

  /// What is being fetched won't be taken: it is to be fetched again.
  package mutating func abandonFetch() {
    if let fetching { expected = max(expected, fetching.upperBound) }
    fetching = nil
  }

  /// Whether there is something to fetch that is not being fetched.
  package var hasGap: Bool { fetching == nil && gap != nil }

  /// Whether events are known of that were not released.
  package var isIncomplete: Bool { expected > position || !held.isEmpty }

  package mutating func takeRepeated() -> Seq? {
    defer { repeated = nil }
    return repeated
  }

  /// These seqs will never come.
  package mutating func skip(_ range: ClosedRange<Seq>) -> [Released] {
    guard range.upperBound > position else { return [] }
    notVisible.append(range)
    return release()
  }

  private mutating func release() -> [Released] {
    var released: [Released] = []
    while true {
      if let element = held.removeValue(forKey: position.next) {
        position = position.next
        released.append(Released(seq: position, element: element))
      } else if let range = notVisible.first(where: { $0.contains(position.next) }) {
        position = range.upperBound
        for seq in held.keys where seq <= position { held[seq] = nil }
      } else {
        break
      }
    }
    notVisible.removeAll { $0.upperBound <= position }
    return released
  }

  /// The range to fetch now, if something is missing and not being fetched already.
  package mutating func gapToFetch() -> ClosedRange<Seq>? {
    guard fetching == nil, let gap else { return nil }
    fetching = gap
    return gap
  }

  private var gap: ClosedRange<Seq>? {
    let nextKnown = [held.keys.min(), notVisible.map(\.lowerBound).min()].compactMap { $0 }.min()
    if let nextKnown { return position.next...Seq(nextKnown.rawValue - 1) }
    return expected > position ? position.next...expected : nil
  }

  /// A fetch's page has been taken. False if it brought nothing of what was asked for, though the
  /// server says that there is no more: it contradicts itself.
  package mutating func fetched(positionBefore: Seq, more: Bool) -> Bool {
    defer { fetching = nil }
    // What was asked for may have come by itself in the meantime.
    let isCovered = fetching.map { position >= $0.upperBound } ?? true
    return more || isCovered || position > positionBefore
  }
}

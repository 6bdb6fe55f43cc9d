import DaybookModel

/// What a relay knows of one destination: which effects are on their way there, and from where it
/// has to be fed anew if it failed.
struct RelayLane: Equatable {
  /// Receipts of an attempt that was given up say nothing any more.
  private(set) var attempt = 0
  /// On its way: how many effects, the lowest offset that may not be durable there, the last cause.
  private(set) var count = 0
  private var first: Offset?
  private(set) var last: Cause?
  /// Set while the destination, having failed, is fed from the log by itself: effects of every
  /// event below it are durable there.
  private(set) var behind: Offset?
  /// Failures since something last arrived.
  private(set) var failures = 0

  /// The lowest offset with an effect that is not known to be durable; nil if there is none.
  var lowest: Offset? {
    guard let first else { return behind }
    return behind.map { min($0, first) } ?? first
  }

  mutating func sent(first cause: Cause, last: Cause, count: Int) {
    if first == nil { first = cause.offset }
    self.last = last
    self.count += count
  }

  mutating func durable(through cause: Cause, count: Int) {
    self.count -= count
    assert(self.count >= 0)
    failures = 0
    // The event at this offset may have further effects there, so its offset stays the bound.
    first = last == cause ? nil : cause.offset
  }

  /// What is on its way is as good as lost: to be fed from the lowest of it.
  mutating func failed(at position: Offset) {
    behind = lowest ?? position
    (first, last, count) = (nil, nil, 0)
    attempt += 1
    failures += 1
  }

  /// Effects of every event below `offset` are durable.
  mutating func fed(through offset: Offset) { behind = offset }

  /// Takes part in the common flow again.
  mutating func rejoin() {
    behind = nil
    last = nil
  }
}

import DaybookModel

/// Which effects of a source are on their way, and so how far it has surely been relayed.
struct Outstanding: Equatable {
  /// By destination: the lowest offset that may not be durable there yet.
  private var first: [PartitionID: Offset] = [:]
  private var last: [PartitionID: Cause] = [:]
  private(set) var count = 0

  mutating func sent(to destination: PartitionID, first cause: Cause, last: Cause, count: Int) {
    if first[destination] == nil { first[destination] = cause.offset }
    self.last[destination] = last
    self.count += count
  }

  mutating func durable(at destination: PartitionID, through cause: Cause, count: Int) {
    self.count -= count
    assert(self.count >= 0)
    // The event at this offset may have further effects there, so its offset stays the bound.
    first[destination] = last[destination] == cause ? nil : cause.offset
  }

  /// The lowest offset with an effect that is not known to be durable; nil if there is none.
  var lowest: Offset? { first.values.min() }
}

/// 63 bits: 41 of milliseconds since 2020-01-01, 12 of counter, 10 of partition.
/// Monotonic in a partition; `none` for what isn't a message.
///
///      62                    22 21        10 9        0
///     +------------------------+------------+----------+
///     |      milliseconds      |  counter   | partition|
///     +------------------------+------------+----------+
package struct MessageID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64

  @inlinable
  package init(_ rawValue: UInt64) { self.rawValue = rawValue }

  package static let none = MessageID(0)

  /// 2020-01-01T00:00:00Z in Unix milliseconds.
  package static let zeroMilliseconds: UInt64 = 1_577_836_800_000

  /// The last millisecond that fits into 41 bits: ids end in September 2089.
  package static let lastTime = Timestamp(milliseconds: zeroMilliseconds + (1 << 41) - 1)

  /// Past 63 bits is no id, though a log of a clock that was past 2089 may hold such.
  @inlinable
  package var isInRange: Bool { rawValue < 1 << 63 }

  @inlinable
  package init(ticks: UInt64, partition: PartitionID) {
    self.rawValue = ticks << 10 | UInt64(partition.rawValue)
  }

  /// Milliseconds and counter as one number, which is what the next id must exceed.
  @inlinable
  package var ticks: UInt64 { rawValue >> 10 }

  package var partition: PartitionID { PartitionID(UInt16(rawValue & 0x3ff)) }

  package var time: Timestamp {
    Timestamp(milliseconds: (rawValue >> 22) + MessageID.zeroMilliseconds)
  }

  @inlinable
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  package var description: String { "\(rawValue)" }

  /// An id that somebody claims. Throws `invalid_request` past 63 bits.
  package init(claimed rawValue: UInt64) throws(DaybookError) {
    self.init(rawValue)
    guard isInRange else {
      throw DaybookError(
        .invalidRequest, "\(rawValue) is no message id: they have 63 bits; take one that was given")
    }
  }
}

/// Makes a partition's message ids: above every id that was made or seen, and no
/// earlier than the wall clock. A counter that is full borrows from the next millisecond.
package struct MessageClock: Sendable, Equatable {
  package private(set) var ticks: UInt64

  package init(ticks: UInt64 = 0) { self.ticks = ticks }

  /// Of the last id of a partition.
  package static let ticksMax: UInt64 = (1 << 53) - 1

  /// Times before 2020 are its first moment, and those past the end of ids their last millisecond.
  @inlinable
  package static func ticks(at time: Timestamp) -> UInt64 {
    let zero = MessageID.zeroMilliseconds
    return time.milliseconds > zero ? (min(time, MessageID.lastTime).milliseconds - zero) << 12 : 0
  }

  /// Nil once there are none left: an id never goes past 63 bits.
  package mutating func next(now: Timestamp, partition: PartitionID) -> MessageID? {
    let next = max(ticks + 1, MessageClock.ticks(at: now))
    guard next <= MessageClock.ticksMax else { return nil }
    ticks = next
    return MessageID(ticks: ticks, partition: partition)
  }

  /// Pushes the clock forward past an id that reached the partition from elsewhere. What is past
  /// 63 bits would be the end of the clock, and does nothing.
  package mutating func observe(_ id: MessageID) {
    if id.isInRange { ticks = max(ticks, id.ticks) }
  }
}

/// The unit of the log: `murmur2(stream key) mod N`.
package struct PartitionID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: UInt16

  @inlinable
  package init(_ rawValue: UInt16) { self.rawValue = rawValue }

  @inlinable
  package init(_ index: Int) { self.rawValue = UInt16(index) }

  /// For indexing an array that holds one element a partition.
  @inlinable
  package var index: Int { Int(rawValue) }

  @inlinable
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  package var description: String { "\(rawValue)" }
}

/// Position of an event in a partition. Increasing; not every log's are gapless.
package struct Offset: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: Int64

  @inlinable
  package init(_ rawValue: Int64) { self.rawValue = rawValue }

  package static let zero = Offset(0)

  @inlinable
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  @inlinable
  package func advanced(by events: Int) -> Offset { Offset(rawValue + Int64(events)) }

  package var description: String { "\(rawValue)" }
}

/// Counts the openings of a data folder: what a lower epoch still writes is refused.
package struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: UInt32

  @inlinable
  package init(_ rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  package var description: String { "\(rawValue)" }
}

/// Gapless 1, 2, 3… position in a stream of the events that a client is sent.
/// `none` is what an event has that takes no seq, and the position before the first.
package struct Seq: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64

  @inlinable
  package init(_ rawValue: UInt64) { self.rawValue = rawValue }

  package static let none = Seq(0)

  @inlinable
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  @inlinable
  package var next: Seq { Seq(rawValue + 1) }

  package var description: String { "\(rawValue)" }
}

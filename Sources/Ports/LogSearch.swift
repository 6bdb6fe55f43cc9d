package import DaybookModel
package import NIOCore

/// Finding events by offset, stream and conversation: an index, embedded or a local copy's. Any
/// thread; blocking.
package protocol LogSearch: AnyObject, Sendable {
  /// The events at these offsets (ascending), in their order.
  func events(_ partition: PartitionID, at offsets: [Offset]) throws(DaybookError) -> [StoredEvent]

  /// Offsets of a stream's events with `first <= seq <= last`, ascending, at most `limit`.
  /// Keys are fingerprints: the caller drops events of another stream with the same one. What is
  /// left has no gap. Less than `limit` is all there is.
  func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting]

  /// The same, found without looking through all of the log: `isOfStream` tells by the bytes of
  /// an event whether it is the stream's own. It is asked about one event or a few.
  func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int,
    isOfStream: (StoredEvent) throws(DaybookError) -> Bool
  ) throws(DaybookError) -> [Posting]

  /// A stream's events without a seq (acks, reads of groups, cursors, sessions, notes) with
  /// `first <= offset <= last`, ascending, at most `limit`; their values are their offsets. Keys are
  /// fingerprints, as above.
  func postings(
    _ partition: PartitionID, unsequenced stream: UInt64, from first: Offset,
    through last: Offset, limit: Int
  ) throws(DaybookError) -> [Posting]

  /// What an origin's commands with `first <= number <= last` came to: of these the `limit` with the
  /// highest numbers, by ascending number. The key is `IssuedOrigin.fingerprint`: the caller drops events of another origin.
  func postings(
    _ partition: PartitionID, origin: UInt64, from first: UInt64, through last: UInt64, limit: Int
  ) throws(DaybookError) -> [Posting]

  /// Of a conversation's messages with an id below `before` (nil: no bound), the `limit` with the
  /// highest ids, by ascending id. Keys are fingerprints, as above.
  func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting]
}

extension LogSearch {
  package func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int,
    isOfStream: (StoredEvent) throws(DaybookError) -> Bool
  ) throws(DaybookError) -> [Posting] {
    try postings(partition, stream: stream, from: first, through: last, limit: limit)
  }
}

/// An entry of an index: which event, and its value there (a seq, an offset, a number or a message
/// id).
package struct Posting: Sendable, Equatable {
  package var offset: Offset
  package var value: UInt64

  @inlinable
  package init(offset: Offset, value: UInt64) {
    self.offset = offset
    self.value = value
  }
}

package struct StoredEvent: Sendable {
  package var offset: Offset
  /// The bytes of one `Event`.
  package var bytes: ByteBuffer

  package init(offset: Offset, bytes: ByteBuffer) {
    self.offset = offset
    self.bytes = bytes
  }
}

/// A log to read and to find things in.
package typealias SearchableLog = LogFeed & LogSearch

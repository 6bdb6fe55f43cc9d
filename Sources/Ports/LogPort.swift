package import DaybookModel
package import NIOCore

/// A partitioned log of events. The embedded one is `SegmentLog`; nothing here speaks of files,
/// and nothing promises that offsets are gapless.
package protocol LogPort: LogReader {
  /// The epoch that this opening of the log has written and synced.
  var epoch: Epoch { get }

  /// Why the partition takes no appends for as long as the log is open; nil if it does.
  func readOnly(_ partition: PartitionID) -> DaybookError?

  /// Room that an `AppendBatch` leaves at the front of its bytes, for the log's own header.
  var batchHeaderBytes: Int { get }

  /// Takes a batch for writing; `completion` is called once, on a thread of the log, after the
  /// batch is durable or has failed. Batches of a partition become durable in the order of
  /// calls. After a failure other than `storage_full` (no room) and `overloaded` (no file could
  /// be opened) the partition takes nothing more.
  func append(
    _ batch: AppendBatch, to partition: PartitionID,
    completion: @escaping @Sendable (Result<CommittedBatch, DaybookError>) -> Void)
}

/// Reading what is durable. Any thread; blocking.
package protocol LogReader: AnyObject, Sendable {
  var partitionCount: Int { get }
  /// Random, made with the log: positions of another log mean nothing here.
  var logID: String { get }
  /// For what is kept beside the log and speaks of it.
  var seal: LogSeal { get }

  /// First offset that is not yet durable: nothing at or past it is ever returned.
  func highWatermark(of partition: PartitionID) -> Offset

  /// Whole batches from the one that holds `offset` on, about `bytesMax` of them and at least
  /// one, checksums verified; empty at the high watermark. Throws `log_corrupt`,
  /// `offset_out_of_range`.
  func read(_ partition: PartitionID, from offset: Offset, bytesMax: Int) throws(DaybookError)
    -> [CommittedBatch]

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

  /// Of a conversation's messages with an id below `before` (nil: no bound), the `limit` with the
  /// highest ids, by ascending id. Keys are fingerprints, as above.
  func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting]
}

extension LogPort {
  package func readOnly(_ partition: PartitionID) -> DaybookError? { nil }
}

extension LogReader {
  package func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int,
    isOfStream: (StoredEvent) throws(DaybookError) -> Bool
  ) throws(DaybookError) -> [Posting] {
    try postings(partition, stream: stream, from: first, through: last, limit: limit)
  }
}

/// An entry of an index: which event, and its value there (a seq or a message id).
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

/// What a partition's owner hands to the log: one group commit.
package struct AppendBatch: Sendable {
  /// `batchHeaderBytes` of room, then the body: each event behind a little-endian UInt32 of its
  /// length. The reader index is at the room.
  package var bytes: ByteBuffer
  /// One for each event, positions counted from the body's first byte.
  package var slots: [EventSlot]
  package var firstRecordedAt: Timestamp
  package var lastRecordedAt: Timestamp
  /// Which state of the owner's this was decided on. Once a batch was refused with `storage_full`
  /// or `overloaded`, the partition refuses every further one of the same generation, for it was
  /// decided as if the refused one had happened: the owner takes back its state, then goes on
  /// under another number. Nil: nothing follows from a refusal.
  package var generation: UInt64?

  package init(
    bytes: ByteBuffer, slots: [EventSlot], firstRecordedAt: Timestamp, lastRecordedAt: Timestamp,
    generation: UInt64? = nil
  ) {
    self.bytes = bytes
    self.slots = slots
    self.firstRecordedAt = firstRecordedAt
    self.lastRecordedAt = lastRecordedAt
    self.generation = generation
  }
}

/// A batch that is durable.
package struct CommittedBatch: Sendable {
  package var partition: PartitionID
  package var baseOffset: Offset
  /// What follows the last event's offset.
  package var nextOffset: Offset
  package var count: Int
  package var lastRecordedAt: Timestamp
  /// Each event behind a little-endian UInt32 of its length; the reader index is at the first.
  package var body: ByteBuffer
  /// Made by the writer; nil in what was read back, for a reader may not need them.
  package var slots: [EventSlot]?

  package init(
    partition: PartitionID, baseOffset: Offset, nextOffset: Offset, count: Int,
    lastRecordedAt: Timestamp, body: ByteBuffer, slots: [EventSlot]? = nil
  ) {
    self.partition = partition
    self.baseOffset = baseOffset
    self.nextOffset = nextOffset
    self.count = count
    self.lastRecordedAt = lastRecordedAt
    self.body = body
    self.slots = slots
  }

  /// Offset of the event with this index in the batch.
  @inlinable
  package func offset(of index: Int) -> Offset { baseOffset.advanced(by: index) }

  /// Calls `visit` with index and bytes of each event. Throws `log_corrupt` if the lengths don't
  /// add up, or whatever `visit` throws.
  @inlinable
  package func forEachEvent(
    _ visit: (_ index: Int, _ event: UnsafeRawBufferPointer) throws(DaybookError) -> Void
  ) throws(DaybookError) {
    let fault = DaybookError(
      .logCorrupt, "the batch at offset \(baseOffset) of partition \(partition) has torn lengths")
    var failure: DaybookError?
    body.withUnsafeReadableBytes { bytes in
      var at = 0
      for index in 0..<count {
        guard at + 4 <= bytes.count else {
          failure = fault
          return
        }
        let length = Int(
          UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
        at += 4
        guard length <= bytes.count - at else {
          failure = fault
          return
        }
        do throws(DaybookError) {
          try visit(index, UnsafeRawBufferPointer(rebasing: bytes[at..<at + length]))
        } catch {
          failure = error
          return
        }
        at += length
      }
      if at != bytes.count { failure = fault }
    }
    if let failure { throw failure }
  }
}

/// Finds the slots in stored bytes, for a log that rebuilds its indexes without knowing what an
/// event looks like inside. Implemented by `DaybookSchema`, handed over by the executable.
package protocol EventScanner: Sendable {
  /// Appends a slot for each event of the body. Throws `log_corrupt` for what is no event.
  func scan(_ batch: CommittedBatch, into slots: inout [EventSlot]) throws(DaybookError)
}

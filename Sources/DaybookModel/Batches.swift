package import NIOCore

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
  /// Of the first event.
  package var baseOffset: Offset
  /// What follows the last event's offset.
  package var nextOffset: Offset
  package var count: Int
  package var lastRecordedAt: Timestamp
  /// Each event behind a little-endian UInt32 of its length; the reader index is at the first.
  package var body: ByteBuffer
  /// Made by the writer; nil in what was read back, for a reader may not need them.
  package var slots: [EventSlot]?
  /// Of each event, ascending; nil where they follow each other from `baseOffset` on without a gap.
  package var offsets: [Offset]?

  package init(
    partition: PartitionID, baseOffset: Offset, nextOffset: Offset, count: Int,
    lastRecordedAt: Timestamp, body: ByteBuffer, slots: [EventSlot]? = nil,
    offsets: [Offset]? = nil
  ) {
    assert(baseOffset < nextOffset && count > 0)
    assert(offsets.map { $0.count == count && $0.first == baseOffset } ?? true)
    self.partition = partition
    self.baseOffset = baseOffset
    self.nextOffset = nextOffset
    self.count = count
    self.lastRecordedAt = lastRecordedAt
    self.body = body
    self.slots = slots
    self.offsets = offsets
  }

  /// Offset of the event with this index in the batch.
  @inlinable
  package func offset(of index: Int) -> Offset {
    offsets.map { $0[index] } ?? baseOffset.advanced(by: index)
  }

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

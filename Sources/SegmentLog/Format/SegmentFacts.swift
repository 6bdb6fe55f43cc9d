import DaybookModel

/// What is known of a segment once its last batch is written.
struct SegmentFacts: Equatable, Sendable {
  var partition: PartitionID
  var baseOffset: Offset
  var nextOffset: Offset
  var bytesUsed: UInt64
  /// The chain value that the first batch states, and that of the last.
  var chainBefore: UInt32
  var chainAfter: UInt32
  var lastEpoch: Epoch
  var lastRecordedAt: Timestamp
  /// 0 where the segment holds no message.
  var messageIDMax: UInt64 = 0
}

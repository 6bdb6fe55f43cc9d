import DaybookModel

/// What is known of a segment once its last batch is written.
struct SegmentFacts: Equatable, Sendable {
  /// No segment has more room than this, and so no batch in one lies further in.
  static let bytesMax = 1 << 30

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

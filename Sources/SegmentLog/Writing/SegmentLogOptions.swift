package import DaybookModel

/// How a log is kept. The defaults are for a server.
package struct SegmentLogOptions: Sendable {
  /// Room of a segment's file at most; a batch that is larger gets a segment of its own.
  package var segmentBytes: Int
  /// Room of a partition's first segment. Later ones have the `roomDivisor`th part of what the
  /// partition holds, from this up to `segmentBytes`, so that room never is much of a small log.
  package var firstSegmentBytes: Int
  /// How long segments and watermarks may stay unsynced while nothing is appended.
  package var watermarkIdleMilliseconds: Int
  package var reserveBytes: Int
  /// Room of the journal's files at first.
  package var journalFileBytes: Int
  /// Served as they are, and never written to.
  package var readOnlyPartitions: Set<PartitionID> = []

  static let roomDivisor: UInt64 = 8
  /// The same while segments are filled one after the other, of a log that is no longer small.
  static let burstRoomDivisor: UInt64 = 2
  static let burstBytesMin: UInt64 = 32 << 20
  /// Of the size of the last one.
  static let roomBatchesMin: UInt64 = 4

  /// Of the segment that comes after one, where the partition holds so much.
  func roomOfNext(held: UInt64, isFillingFast: Bool, lastBatchBytes: UInt64) -> UInt64 {
    let isBurst = isFillingFast && held >= Self.burstBytesMin
    let divisor = isBurst ? Self.burstRoomDivisor : Self.roomDivisor
    let part = max(
      held / divisor, UInt64(firstSegmentBytes), lastBatchBytes * Self.roomBatchesMin)
    return min(UInt64(segmentBytes), part)
  }

  package init(
    segmentBytes: Int = 64 << 20, firstSegmentBytes: Int = 128 << 10,
    watermarkIdleMilliseconds: Int = 100, reserveBytes: Int = 1 << 20,
    journalFileBytes: Int = 1 << 20
  ) {
    precondition((1...SegmentFacts.bytesMax).contains(segmentBytes))
    self.segmentBytes = segmentBytes
    self.firstSegmentBytes = min(firstSegmentBytes, segmentBytes)
    self.watermarkIdleMilliseconds = watermarkIdleMilliseconds
    self.reserveBytes = reserveBytes
    // A log of small segments has a small journal.
    self.journalFileBytes = min(journalFileBytes, max(4096, segmentBytes))
  }
}

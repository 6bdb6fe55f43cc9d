package import DaybookModel

/// How a log is kept. The defaults are for a server.
package struct SegmentLogOptions: Sendable {
  /// Room of a segment's file; a batch that is larger gets a segment of its own.
  package var segmentBytes: Int
  /// Room of a partition's first segment: the next ones double it up to `segmentBytes`, so that
  /// a small log takes little disk.
  package var firstSegmentBytes: Int
  /// How long the watermark may stay unsynced while nothing is appended.
  package var watermarkIdleMilliseconds: Int
  package var reserveBytes: Int
  /// Served as they are, and never written to.
  package var readOnlyPartitions: Set<PartitionID> = []

  package init(
    segmentBytes: Int = 64 << 20, firstSegmentBytes: Int = 4 << 20,
    watermarkIdleMilliseconds: Int = 100, reserveBytes: Int = 1 << 20
  ) {
    precondition((1...1 << 30).contains(segmentBytes))
    self.segmentBytes = segmentBytes
    self.firstSegmentBytes = min(firstSegmentBytes, segmentBytes)
    self.watermarkIdleMilliseconds = watermarkIdleMilliseconds
    self.reserveBytes = reserveBytes
  }
}

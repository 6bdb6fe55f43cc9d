import Files
import Testing

@testable import SegmentLog

/// Where a process that owns a log is stopped.
struct StopPoint: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Before this operation on a file whose path ends so. A segment's file is opened under the name
  /// that it has before it becomes one.
  let operation: DiskOperation
  let suffix: String

  static let all = [
    StopPoint(
      testDescription: "between its last look and its next write", operation: .write,
      suffix: TemporaryName.suffix),
    StopPoint(
      testDescription: "between its write and the journal's", operation: .write,
      suffix: FileNames.journalSuffix),
    StopPoint(
      testDescription: "between the journal's write and its sync", operation: .syncData,
      suffix: FileNames.journalSuffix),
    StopPoint(
      testDescription: "between its sync and its look", operation: .identity,
      suffix: EpochRecord.name),
    StopPoint(
      testDescription: "between its look and its answer", operation: .write,
      suffix: FileNames.watermark),
    StopPoint(
      testDescription: "between its look and a new segment's name", operation: .rename,
      suffix: FileNames.segmentSuffix),
  ]
}

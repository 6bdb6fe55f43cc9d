package import DaybookModel
package import Logging
package import Ports
import SegmentLog

/// A log that is open for writing, and for whatever else.
package protocol OpenLog: LogWriter, LogSearch {
  /// Settles what is in flight. Nothing more may be asked of it.
  func close()
}

extension SegmentedLog: OpenLog {}

/// The log in files, on its own: for measurements.
package enum EmbeddedLog {
  /// Makes an empty one. Throws as `SegmentedLog.create` does.
  package static func create(in folder: String, partitions: Int) throws(DaybookError) {
    try SegmentedLog.create(in: folder, partitions: partitions)
  }

  /// As its owner. `firstSegmentBytes` is the room of each partition's first segment, if not the
  /// usual. Throws as `SegmentedLog.open` does.
  package static func open(
    in folder: String, firstSegmentBytes: Int? = nil, logger: Logger
  ) throws(DaybookError) -> any OpenLog {
    var options = SegmentLogOptions()
    if let firstSegmentBytes {
      options = SegmentLogOptions(segmentBytes: 1 << 30, firstSegmentBytes: firstSegmentBytes)
    }
    return try SegmentedLog.open(
      in: folder, options: options, scanner: EventIndexer(), logger: logger)
  }
}

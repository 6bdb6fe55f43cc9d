package import DaybookModel

/// A place where the log isn't what it should be.
package struct LogFault: Error, Equatable, Sendable, CustomStringConvertible {
  package var partition: PartitionID
  /// File name within the partition's folder; empty where it is no matter of one file.
  package var segment: String
  package var fromByte: UInt64
  /// First byte behind the fault.
  package var toByte: UInt64
  /// The first offset that can't be read because of it.
  package var offset: Offset
  package var reason: String
  /// How many like it, one behind the other, were summed up in this one.
  package var count = 1

  package init(
    partition: PartitionID, segment: String, fromByte: UInt64, toByte: UInt64, offset: Offset,
    reason: String
  ) {
    self.partition = partition
    self.segment = segment
    self.fromByte = fromByte
    self.toByte = toByte
    self.offset = offset
    self.reason = reason
  }

  package var description: String {
    segment.isEmpty ? reason : "\(partition)/\(segment) from byte \(fromByte): \(reason)"
  }
}

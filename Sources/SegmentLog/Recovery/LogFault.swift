import DaybookModel

/// A place where the log isn't what it should be.
package struct LogFault: Error, Equatable, Sendable {
  package var partition: PartitionID
  /// File name within the partition's folder.
  package var segment: String
  package var fromByte: UInt64
  /// First byte behind the fault.
  package var toByte: UInt64
  /// The first offset that can't be read because of it.
  package var offset: Offset
  package var reason: String
}

/// What opening a log found and did.
package enum RecoveryFinding: Equatable, Sendable {
  /// A tail that was never durable was cut; its bytes are in the file `keptIn` of the
  /// partition's folder.
  case cutTail(LogFault, keptIn: String)
  /// There is no room to keep such a tail aside, so it is still there. It is cut before the next
  /// append; appends are refused (`storage_full`) until there is room.
  case leftTail(LogFault, keptIn: String)
  /// Whole batches from `from` up to `to` were not stated durable: they are now.
  case madeDurable(PartitionID, from: Offset, to: Offset)
  /// An index file was missing or wrong.
  case rebuiltIndex(PartitionID, segment: String)
  /// An index file was missing or wrong, and there is no room for it: the index is in memory, and
  /// is written when a later segment is closed, or the log.
  case unsealedIndex(PartitionID, segment: String)
  /// The partition is served read-only up to the fault.
  case corrupt(LogFault)
}

extension RecoveryFinding: CustomStringConvertible {
  /// For the operator.
  package var description: String {
    switch self {
    case .cutTail(let fault, let kept):
      "partition \(fault.partition): cut an unfinished batch that was never acked "
        + "(\(fault.segment) from byte \(fault.fromByte): \(fault.reason)); its bytes are in \(kept)"
    case .leftTail(let fault, let kept):
      "partition \(fault.partition): the disk has no room to keep an unfinished batch aside in "
        + "\(kept), so the partition takes nothing until there is"
    case .madeDurable(let partition, let from, let to):
      "partition \(partition): kept the whole batches of offsets \(from) to \(to), written and "
        + "not yet stated durable before the last stop"
    case .rebuiltIndex(let partition, let segment):
      "partition \(partition): made the index of \(segment) anew"
    case .unsealedIndex(let partition, let segment):
      "partition \(partition): the disk has no room for the index of \(segment), so it is kept in "
        + "memory"
    case .corrupt(let fault):
      "partition \(fault.partition) is damaged and read-only from offset \(fault.offset) on "
        + "(\(fault.segment) from byte \(fault.fromByte): \(fault.reason)): restore it from a copy"
    }
  }
}

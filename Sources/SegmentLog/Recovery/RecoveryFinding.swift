package import DaybookModel

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
  /// The watermark file says nothing, and was made anew from what batches and other files state.
  case unknownWatermark(PartitionID, reason: String, durable: Offset)
  /// The epoch file says nothing, and the epoch was taken from what was written under it.
  case unknownEpoch(reason: String, Epoch)
  /// A file of the journal is damaged. Partitions that lack what it held are damaged too, and say so.
  case damagedJournal(path: String, reason: String)
  /// A log of an earlier format is of this one from here on.
  case raised(from: Int, to: Int)
  /// A log of an earlier format stays one, for a partition of it is damaged.
  case notRaised(from: Int)
  /// The partition is served read-only, for that was asked for.
  case keptReadOnly(PartitionID, at: Offset)
  /// Whole batches from `from` up to `to` are there, and nobody states that they are durable: an
  /// owner will make them so.
  case unsettled(PartitionID, from: Offset, to: Offset)
  /// The partition is served read-only up to the fault.
  case corrupt(LogFault)

  /// Something is missing, or may be.
  package var isDamage: Bool {
    if case .corrupt = self { true } else { false }
  }
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
      "partition \(partition): the index of \(segment) can't be written, so it is kept in memory"
    case .unknownWatermark(let partition, let reason, let durable):
      "partition \(partition): its watermark says nothing (\(reason)): it was made anew; by all that "
        + "else is known, the partition ends at offset \(durable)"
    case .unknownEpoch(let reason, let epoch):
      "the log's epoch file says nothing (\(reason)): by what was written, the last epoch was "
        + "\(epoch)"
    case .damagedJournal(let path, let reason):
      "the journal's file \(path) is damaged (\(reason)): partitions that lack what it held say so"
    case .raised(let from, let to):
      "raised the log from format \(from) to \(to): earlier programs can't open it any more"
    case .notRaised(let from):
      "the log stays of format \(from), for it is damaged: it is raised once it is whole again"
    case .keptReadOnly(let partition, let end):
      "partition \(partition) is served read-only up to offset \(end), as asked for"
    case .unsettled(let partition, let from, let to):
      "partition \(partition): offsets \(from) to \(to) are written and not known to be durable: "
        + "they are shown once a server has started and made them so"
    case .corrupt(let fault):
      "partition \(fault.partition) is damaged and read-only from offset \(fault.offset) on "
        + "(\(fault)): restore the folder from a copy; if it is one, older than state/ and "
        + "projections/, remove those two, they are made anew"
    }
  }
}

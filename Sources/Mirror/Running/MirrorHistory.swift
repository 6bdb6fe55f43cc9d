import DaybookModel
import Ports

/// Whether a log still has what was mirrored of it.
struct MirrorHistory {
  let log: MirroredLog
  let topic: String

  /// Throws `log_rolled_back` where the log ends earlier, is of an earlier opening, or has another event
  /// where the last mirrored one was; `truncated` where it begins later.
  func check(_ position: MirrorPosition) throws(DaybookError) {
    let partition = position.partition
    let start = log.feed.startOffset(of: partition)
    guard position.next >= start else {
      throw DaybookError(
        .truncated,
        "partition \(partition) is kept from offset \(start) on, and \(topic) has it up to "
          + "\(position.next): what lies between is gone. Mirror into another topic")
    }
    guard position.next <= log.end(partition) else {
      throw rolledBack(
        "partition \(partition) ends at offset \(log.end(partition)), and \(topic) has it up to "
          + "\(position.next)")
    }
    guard position.epoch <= log.feed.epoch else {
      throw rolledBack(
        "its epoch is \(log.feed.epoch), and \(topic) was mirrored at \(position.epoch)")
    }
    guard let last = position.last, last >= start,
      last < log.feed.highWatermark(of: partition)
    else { return }
    let found: ChainedDigest?
    do throws(DaybookError) {
      found = try digest(position, of: last)
    } catch  where error.code == .logCorrupt {
      // Told when the mirror comes to it, and no proof of anything.
      return
    }
    guard found == position.digest else {
      throw rolledBack(
        "the event at offset \(last) of partition \(partition) is not the one that \(topic) has")
    }
  }

  /// Of all events up to this one; nil where there is none.
  private func digest(
    _ position: MirrorPosition, of last: Offset
  ) throws(DaybookError) -> ChainedDigest? {
    var cursor = PartitionCursor(position.partition, at: last)
    var found: ChainedDigest?
    _ = try cursor.take(1, of: log.feed) { offset, event throws(DaybookError) in
      guard offset == last else { return }
      var digest = position.before
      digest.add(event)
      found = digest
    }
    return found
  }

  private func rolledBack(_ what: String) -> DaybookError {
    DaybookError(
      .logRolledBack,
      "the log is older than its mirror: \(what). Put the newer log back, or mirror this one into "
        + "another topic")
  }
}

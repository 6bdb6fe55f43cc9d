import DaybookModel
import Ports

/// Partitions belong together: what one has taken from another is in that one's log. A folder that
/// was put together of copies of different moments breaks that, and looks whole otherwise. A source
/// that is behind would give the offsets of lost events to new ones, and their effects would be
/// dropped as taken.
enum PartitionMoments {
  /// Throws `log_rolled_back`, naming the partitions that are behind, and what to do.
  static func check(_ states: [LoadedState], log: any LogPort) throws(DaybookError) {
    var known: [PartitionID: (offset: Offset, by: PartitionID)] = [:]
    for state in states.map(\.state) {
      for (source, position) in state.sources
      where position.offset >= log.highWatermark(of: source) && log.readOnly(source) == nil {
        if let other = known[source], other.offset >= position.offset { continue }
        known[source] = (position.offset, state.partition)
      }
    }
    guard !known.isEmpty, !Mutant.leavesOut(.momentsProof) else { return }
    let behind = known.sorted { $0.key < $1.key }
    let which = behind.map { source, position in
      "partition \(source) ends at offset \(log.highWatermark(of: source)), yet partition "
        + "\(position.by) has taken what was at its offset \(position.offset)"
    }
    let numbers = behind.map { "\($0.key)" }.joined(separator: ",")
    throw DaybookError(
      .logRolledBack,
      "the partitions are of different moments: \(which.joined(separator: "; ")). Restore all of "
        + "log/ from one copy, or start with --read-only-partitions \(numbers), which serves what "
        + "is there and takes nothing new in it")
  }
}

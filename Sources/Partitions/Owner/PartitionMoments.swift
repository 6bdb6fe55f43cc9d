package import DaybookModel
import Ports

/// Partitions belong together: what one has taken from another is in that one's log. A folder that
/// was put together of copies of different moments breaks that, and looks whole otherwise. A source
/// that is behind would give the offsets of lost events to new ones, and their effects would be
/// dropped as taken.
package struct PartitionMoments: Sendable {
  /// Of each source, the highest of its offsets from which something was taken, and by whom.
  private var taken: [PartitionID: (offset: Offset, by: PartitionID)] = [:]

  package init() {}

  package mutating func add(_ cause: Cause, takenBy partition: PartitionID) {
    add(cause.offset, of: cause.partition, takenBy: partition)
  }

  mutating func add(_ offset: Offset, of source: PartitionID, takenBy partition: PartitionID) {
    if let other = taken[source], other.offset >= offset { return }
    taken[source] = (offset, partition)
  }

  /// A partition that ends before what another has taken from it.
  package struct Behind: Equatable, Sendable, CustomStringConvertible {
    package var partition: PartitionID
    package var end: Offset
    package var taker: PartitionID
    package var offset: Offset

    package var description: String {
      "partition \(partition) ends at offset \(end), yet partition \(taker) has taken what was at "
        + "its offset \(offset)"
    }
  }

  /// `end` is where a partition ends, asked after everything was added; nil for one that is not to
  /// be judged. By their numbers.
  package func behind(end: (PartitionID) -> Offset?) -> [Behind] {
    taken.compactMap { source, last in
      guard let end = end(source), last.offset >= end else { return nil }
      return Behind(partition: source, end: end, taker: last.by, offset: last.offset)
    }.sorted { $0.partition < $1.partition }
  }

  /// Throws `log_rolled_back`, naming the partitions that are behind, and what to do.
  static func check(_ states: [LoadedState], log: any LogWriter) throws(DaybookError) {
    var moments = PartitionMoments()
    for state in states.map(\.state) {
      for (source, position) in state.sources {
        moments.add(position.offset, of: source, takenBy: state.partition)
      }
    }
    let behind = moments.behind { log.readOnly($0) == nil ? log.highWatermark(of: $0) : nil }
    guard !behind.isEmpty, !Mutant.leavesOut(.momentsProof) else { return }
    let which = behind.map(\.description).joined(separator: "; ")
    let numbers = behind.map { "\($0.partition)" }.joined(separator: ",")
    throw DaybookError(
      .logRolledBack,
      "the partitions are of different moments: \(which). Restore all of "
        + "log/ from one copy, or start with --read-only-partitions \(numbers), which serves what "
        + "is there and takes nothing new in it")
  }
}

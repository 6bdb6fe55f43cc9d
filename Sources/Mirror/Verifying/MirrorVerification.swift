package import DaybookModel
package import Ports

/// Holds a topic against the log, partition by partition (`schemas/kafka.md`). Pure but for the two that
/// it reads: neither is changed, and both may grow meanwhile.
package struct MirrorVerification {
  /// Records that are compared between two looks at how far it has got.
  private static let stepRecords = 1_000

  private let log: any LogFeed
  private var comparisons: [PartitionComparison]

  /// `positions`: what the mirror had written down before `topic` is read to its end, by partition; none of
  /// one that it has nothing of. `from`: the first offset to compare, in each partition. Throws what the
  /// broker answers, and `offset_out_of_range` for a beginning past the log's head.
  package init(
    log: any LogFeed, topic: any TopicFeed, format: RecordFormat, partitions: [PartitionID],
    positions: [PartitionID: StatedPosition], from: Offset = .zero
  ) throws(DaybookError) {
    self.log = log
    comparisons = []
    for partition in partitions {
      if partitions.count == 1, from > log.highWatermark(of: partition) {
        throw DaybookError(
          .offsetOutOfRange,
          "partition \(partition) ends at offset \(log.highWatermark(of: partition)): --from is past it"
        )
      }
      comparisons.append(
        try PartitionComparison(
          partition, log: log, topic: topic, format: format, stated: positions[partition],
          from: from))
    }
  }

  /// Compares up to the topic's end, as it is when it is reached, and tells how far it has got, in offsets
  /// of the log. Called again, it goes on from there. Throws what the log does, and what the broker
  /// answers.
  package mutating func run(
    _ progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(DaybookError) {
    for index in comparisons.indices {
      while try comparisons[index].step(recordsMax: MirrorVerification.stepRecords) == .more {
        progress(done, total)
      }
    }
    progress(done, total)
  }

  /// What the mirror has written down by now, before `run` is called again.
  package mutating func update(_ positions: [PartitionID: StatedPosition]) {
    for index in comparisons.indices {
      if let position = positions[comparisons[index].partition] {
        comparisons[index].update(position)
      }
    }
  }

  private var done: UInt64 { comparisons.reduce(0) { $0 + $1.passed } }

  private var total: UInt64 {
    comparisons.reduce(0) { $0 + $1.passed + log.lag(of: $1.partition, at: $1.next) }
  }

  package var report: TopicReport {
    TopicReport(
      partitions: comparisons.map(\.report),
      gaps: comparisons.flatMap(\.seqs.gaps).sorted {
        $0.stream.text.utf8.lexicographicallyPrecedes($1.stream.text.utf8)
      })
  }
}

/// How a topic compares with the log.
package struct TopicReport: Sendable, Equatable {
  package var partitions: [PartitionReport]
  /// Streams of which the mirror leaves something out, by name.
  package var gaps: [StreamGaps]

  package init(partitions: [PartitionReport], gaps: [StreamGaps]) {
    self.partitions = partitions
    self.gaps = gaps
  }

  package var verdict: MirrorVerdict {
    if partitions.contains(where: { $0.difference != nil }) { return .different }
    return partitions.contains { $0.behind > 0 } ? .behind : .equal
  }
}

package import DaybookModel

/// How a partition of a topic compares with the log's.
package struct PartitionReport: Sendable, Equatable {
  package var partition: PartitionID
  /// First offset of the log that was compared.
  package var from: Offset
  /// What lies before it is the same; where the topic has got to.
  package var next: Offset
  /// Events that the topic has as it should.
  package var events: UInt64
  /// Events that the mirror leaves out.
  package var filtered: UInt64
  /// How many offsets the topic is behind, which is no less than its events.
  package var behind: UInt64
  /// Records that repeat an event as it is.
  package var duplicates: UInt64
  package var digest: DigestVerdict
  /// The first one.
  package var difference: TopicDifference?

  package init(
    partition: PartitionID, from: Offset, next: Offset, events: UInt64, filtered: UInt64,
    behind: UInt64, duplicates: UInt64, digest: DigestVerdict, difference: TopicDifference?
  ) {
    self.partition = partition
    self.from = from
    self.next = next
    self.events = events
    self.filtered = filtered
    self.behind = behind
    self.duplicates = duplicates
    self.digest = digest
    self.difference = difference
  }
}

/// How a topic compares with the log.
package enum MirrorVerdict: String, Sendable, CaseIterable {
  case equal
  /// As far as it goes, it is equal.
  case behind
  case different
}

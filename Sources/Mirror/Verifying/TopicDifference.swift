package import DaybookModel

/// Where a topic is not what the mirror should have made of the log, and how.
package struct TopicDifference: Sendable, Equatable, CustomStringConvertible {
  /// As `schemas/kafka.md` lists them.
  package enum Cause: String, Sendable, CaseIterable {
    /// An event is not there.
    case missing
    /// An event is there once more.
    case duplicate
    /// An event stands behind one that it comes before.
    case outOfOrder = "out_of_order"
    /// The key is not the event's stream.
    case key
    /// The value is not the event.
    case value
    case header
    case timestamp
    /// An event of another log, or of another branch.
    case foreign
    /// A record that names no event of a log.
    case noEvent = "no_event"
    /// An event that the mirror leaves out.
    case filtered
    /// An event behind the log's head, or one that the log doesn't have.
    case notInLog = "not_in_log"
    /// The stream's seqs, as the log has them, don't follow each other.
    case seq
    /// What the mirror wrote down of the events that it had read is not what the log has.
    case digest
  }

  package var partition: PartitionID
  /// Of the event that is concerned, in the log.
  package var offset: Offset
  /// Of the record at which it was seen; nil at the topic's end.
  package var topicOffset: Int64?
  package var cause: Cause
  /// In words, what is there and what should be.
  package var detail: String

  package init(
    partition: PartitionID, offset: Offset, topicOffset: Int64?, cause: Cause, detail: String
  ) {
    self.partition = partition
    self.offset = offset
    self.topicOffset = topicOffset
    self.cause = cause
    self.detail = detail
  }

  package var description: String {
    let place = topicOffset.map { "at the topic's offset \($0)" } ?? "at the topic's end"
    return "partition \(partition), offset \(offset), \(place): \(cause.rawValue): \(detail)"
  }
}

package import DaybookModel

/// A topic of Kafka as its reader has it: committed records alone, partition by partition. Offsets rise,
/// with holes: markers of transactions take some, and what was aborted is not shown. One thread.
package protocol TopicFeed: AnyObject {
  var partitionCount: Int { get }

  /// The first offset that is kept, and the one behind all that is committed. Throws what the broker
  /// answers.
  func bounds(of partition: PartitionID) throws(DaybookError) -> Range<Int64>

  /// Records from this offset, or else the first behind it, on: at most so many, and none only at the
  /// end. Throws what the broker answers.
  func read(
    _ partition: PartitionID, from offset: Int64, recordsMax: Int
  ) throws(DaybookError) -> TopicChunk
}

/// What a read of a topic gave.
package struct TopicChunk: Sendable {
  package var records: [TopicRecord]
  /// Where to read on: behind the records, and behind what is none.
  package var next: Int64
  /// There was nothing behind it.
  package var isAtEnd: Bool

  package init(records: [TopicRecord], next: Int64, isAtEnd: Bool) {
    self.records = records
    self.next = next
    self.isAtEnd = isAtEnd
  }
}

/// A record as it was read, whoever wrote it.
package struct TopicRecord: Sendable, Equatable {
  package struct Header: Sendable, Equatable {
    package var name: String
    package var value: [UInt8]?

    package init(_ name: String, _ value: [UInt8]?) {
      self.name = name
      self.value = value
    }
  }

  package var offset: Int64
  package var key: [UInt8]?
  package var value: [UInt8]?
  package var headers: [Header]
  package var timestampMilliseconds: Int64

  package init(
    offset: Int64, key: [UInt8]?, value: [UInt8]?, headers: [Header], timestampMilliseconds: Int64
  ) {
    self.offset = offset
    self.key = key
    self.value = value
    self.headers = headers
    self.timestampMilliseconds = timestampMilliseconds
  }
}

package import DaybookModel
package import Logging

/// A topic of Kafka, read partition by partition: of one at a time, so that no other's records gather
/// in memory meanwhile.
package final class KafkaTopicFeed: TopicFeed {
  package let partitionCount: Int
  private let topic: String
  private let reader: KafkaReader
  private let timeout: Duration
  /// Of the partition that is read.
  private var current: Current?

  private struct Current {
    let partition: PartitionID
    /// Behind what was given out, and what is no record.
    var next: Int64
    /// Behind what has come.
    var arrived: Int64
    /// Behind all that there was when it was last asked.
    var end: Int64
    var records: ArraySlice<TopicRecord> = []
  }

  /// Longer than a transaction of somebody else may be left open, behind which nothing is shown.
  private static let patience = Duration.seconds(90)
  private static let waiting = Duration.milliseconds(100)

  /// Throws `invalid_argument`.
  package init(
    _ configuration: KafkaConfiguration, topic: String, partitionCount: Int, timeout: Duration,
    logger: Logger
  ) throws(DaybookError) {
    self.topic = topic
    self.partitionCount = partitionCount
    self.timeout = timeout
    reader = try KafkaReader(configuration, logger: logger)
  }

  package func bounds(of partition: PartitionID) throws(DaybookError) -> Range<Int64> {
    try explained { () throws(KafkaFault) in
      try reader.bounds(of: topic, Int32(partition.rawValue), within: timeout)
    }
  }

  package func read(
    _ partition: PartitionID, from offset: Int64, recordsMax: Int
  ) throws(DaybookError) -> TopicChunk {
    if current?.partition != partition || current?.next != offset {
      try go(to: partition, offset)
    }
    guard var current else { preconditionFailure("it was just gone to") }
    defer { self.current = current }
    if current.records.isEmpty {
      if current.arrived >= current.end { current.end = try bounds(of: partition).upperBound }
      do throws(DaybookError) {
        try explained { () throws(KafkaFault) in try wait(&current) }
      } catch {
        // Whoever asks again begins anew.
        reader.end(topic, Int32(partition.rawValue))
        current.next = -1
        throw error
      }
    }
    let records = Array(current.records.prefix(recordsMax))
    current.records = current.records.dropFirst(records.count)
    current.next = current.records.first?.offset ?? current.arrived
    return TopicChunk(
      records: records, next: current.next,
      isAtEnd: current.records.isEmpty && current.arrived >= current.end)
  }

  private func go(to partition: PartitionID, _ offset: Int64) throws(DaybookError) {
    if let current { reader.end(topic, Int32(current.partition.rawValue)) }
    current = nil
    let bounds = try bounds(of: partition)
    let start = max(offset, bounds.lowerBound)
    try explained { () throws(KafkaFault) in
      try reader.begin(topic, Int32(partition.rawValue), at: start)
    }
    current = Current(
      partition: partition, next: start, arrived: start, end: bounds.upperBound)
  }

  /// Until something has come, or the end is reached: that of all there is, not the one before which a
  /// transaction is still open.
  private func wait(_ current: inout Current) throws(KafkaFault) {
    let deadline = ContinuousClock.now + Self.patience
    var records: [TopicRecord] = []
    while records.isEmpty, current.arrived < current.end {
      guard ContinuousClock.now < deadline else {
        throw KafkaFault.timedOut(
          "read up to offset \(current.arrived) of \(current.end), behind which somebody's transaction "
            + "is still open")
      }
      let partition = Int32(current.partition.rawValue)
      try reader.read(wait: Self.waiting) { met throws(KafkaFault) in
        switch met {
        case .record(let record):
          // What was read ahead before the last beginning.
          guard record.partition == partition, record.offset >= current.arrived else { return }
          records.append(TopicRecord(record))
          current.arrived = record.offset + 1
        case .end(let at, let offset):
          guard at == partition else { return }
          current.arrived = max(current.arrived, offset)
        }
      }
    }
    current.records = records[...]
  }

  private func explained<R>(_ body: () throws(KafkaFault) -> R) throws(DaybookError) -> R {
    do throws(KafkaFault) {
      return try body()
    } catch {
      throw error.asDaybookError("the topic \(topic) can't be read")
    }
  }
}

extension TopicRecord {
  init(_ record: KafkaReader.Record) {
    var headers: [Header] = []
    record.forEachHeader { headers.append(Header($0, Array($1))) }
    self.init(
      offset: record.offset, key: Array(record.key), value: record.value.map(Array.init),
      headers: headers, timestampMilliseconds: record.timestampMilliseconds)
  }
}

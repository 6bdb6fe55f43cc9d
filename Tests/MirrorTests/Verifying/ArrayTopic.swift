import DaybookModel
import DaybookSchema
import Doubles
import Mirror
import Ports

/// A topic that a test may change as it likes.
final class ArrayTopic: TopicFeed {
  var partitions: [[TopicRecord]]
  /// Markers behind the last record, which are read past.
  var markersAtEnd: Int64 = 1

  init(partitions: Int) { self.partitions = Array(repeating: [], count: partitions) }

  var partitionCount: Int { partitions.count }

  func bounds(of partition: PartitionID) -> Range<Int64> {
    let records = partitions[partition.index]
    let end = (records.last?.offset ?? -1) + 1 + markersAtEnd
    return (records.first?.offset ?? end)..<end
  }

  func read(_ partition: PartitionID, from offset: Int64, recordsMax: Int) -> TopicChunk {
    let rest = partitions[partition.index].filter { $0.offset >= offset }
    let records = Array(rest.prefix(recordsMax))
    let isAtEnd = records.count == rest.count
    let end = max(offset, bounds(of: partition).upperBound)
    return TopicChunk(
      records: records, next: isAtEnd ? end : records[records.count - 1].offset + 1,
      isAtEnd: isAtEnd)
  }
}

/// What a mirror does, without Kafka: transactions of some records, with a marker behind each.
struct ArrayMirror {
  var topic: ArrayTopic
  var positions: [PartitionID: StatedPosition] = [:]
  let log: MemoryLog
  let format: RecordFormat
  /// In each partition, where in the log it began.
  let start: Offset

  init(_ log: MemoryLog, shape: RecordShape = RecordShape(), from start: Offset = .zero) {
    self.log = log
    self.start = start
    topic = ArrayTopic(partitions: log.partitionCount)
    format = RecordFormat(
      source: LogSource(logID: log.logID, branchID: "branch", partitionCount: log.partitionCount),
      shape: shape)
  }

  static let transactionRecords = 5

  /// Everything that the log has by now, or so many events of each partition.
  mutating func run(eventsMax: Int = .max) throws {
    for index in 0..<log.partitionCount {
      try run(PartitionID(index), eventsMax)
    }
  }

  private mutating func run(_ partition: PartitionID, _ eventsMax: Int) throws {
    var position =
      positions[partition]
      ?? StatedPosition(
        start: max(start, log.startOffset(of: partition)),
        next: max(start, log.startOffset(of: partition)), digest: .start)
    var kafkaOffset = topic.bounds(of: partition).upperBound
    var taken = 0
    for batch in log.batches(partition, past: position.next) {
      try batch.forEachEvent { index, bytes throws(DaybookError) in
        let offset = batch.offset(of: index)
        guard offset >= position.next, taken < eventsMax else { return }
        taken += 1
        position.digest.add(bytes)
        position.next = offset.advanced(by: 1)
        guard
          let record = try format.topicRecord(
            of: Array(bytes), at: offset, of: partition, topicOffset: kafkaOffset)
        else { return }
        topic.partitions[partition.index].append(record)
        kafkaOffset += 1
        if topic.partitions[partition.index].count % ArrayMirror.transactionRecords == 0 {
          kafkaOffset += 1
        }
      }
    }
    positions[partition] = position
  }

  func verification(from: Offset = .zero) throws -> MirrorVerification {
    try MirrorVerification(
      log: log, topic: topic, format: format,
      partitions: (0..<log.partitionCount).map { PartitionID($0) }, positions: positions,
      from: from)
  }

  func report(from: Offset = .zero) throws -> TopicReport {
    var verification = try verification(from: from)
    try verification.run { _, _ in }
    return verification.report
  }
}

/// Chats of some users and groups, gapless in each stream.
struct Chatter {
  private var random: SplitMix
  private var seqs: [StreamKey: UInt64] = [:]

  init(seed: UInt64) { random = SplitMix(state: seed) }

  mutating func events(_ count: Int) -> [Event] {
    (0..<count).map { number in
      let index = random.next() % 9
      let stream: StreamKey =
        index < 6
        ? .user(UserID(checked: "user\(index)")) : .group(GroupID(checked: "group\(index)"))
      let head = seqs[stream, default: 0]
      if head > 0, random.next() % 3 == 0 { return Events.acked(in: stream, upTo: head) }
      seqs[stream] = head + 1
      return Events.message(
        to: stream, seq: head + 1, text: "text \(number)",
        at: 1_700_000_000_000 + UInt64(number) * 37)
    }
  }
}

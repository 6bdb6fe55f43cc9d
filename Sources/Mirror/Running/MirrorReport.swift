package import DaybookModel
package import Logging
package import Ports

/// How far a topic is behind its log.
package struct MirrorReport: Sendable {
  package struct Partition: Sendable {
    package let partition: PartitionID
    package let head: Offset
    /// The first offset that is not mirrored.
    package let mirrored: Offset
    package let lagEvents: UInt64
    /// How long ago the oldest of them was recorded; 0 where there is none.
    package let lagSeconds: Double
  }

  /// Nil where nothing was mirrored yet.
  package let claim: MirrorClaim?
  package let partitions: [Partition]
  /// Over the last minute.
  package let eventsPerSecond: Double

  package var lagEvents: UInt64 { partitions.reduce(0) { $0 + $1.lagEvents } }
  package var lagSeconds: Double { partitions.map(\.lagSeconds).max() ?? 0 }
  /// Nil where it does not get there.
  package var secondsLeft: Double? {
    if lagEvents == 0 { return 0 }
    return eventsPerSecond > 0 ? Double(lagEvents) / eventsPerSecond : nil
  }

  private static let rateMilliseconds: UInt64 = 60_000

  /// Asks the log and Kafka. Throws `kafka_topic_missing`, `mirror_of_another`, and as Kafka answers.
  package init(
    _ settings: MirrorSettings, log: MirroredLog, clock: any WallClock, logger: Logger
  ) throws(DaybookError) {
    let topics = try KafkaTopics(settings.kafka, timeout: settings.timeout, logger: logger)
    let reader = try PositionsReader(
      settings.kafka, topics: topics, offsetsTopic: settings.offsetsTopic, topic: settings.topic,
      logger: logger)
    try reader.readToEnd()
    if let claim = reader.claim, claim.source != log.source {
      var settings = settings
      settings.shape = try RecordShape(text: claim.shape)
      try MirrorOwnership(settings: settings, log: log, topics: topics).check(claim)
    }
    let now = clock.now()
    claim = reader.claim
    var found: [Partition] = []
    for partition in log.partitions {
      let mirrored =
        reader.positions[partition]?.next ?? settings.begins.offset(of: partition, in: log.feed)
      found.append(try MirrorReport.partition(partition, mirrored, log.feed, now))
    }
    partitions = found
    eventsPerSecond = MirrorReport.rate(reader.progress, now)
  }

  private static func partition(
    _ partition: PartitionID, _ mirrored: Offset, _ log: any LogFeed, _ now: Timestamp
  ) throws(DaybookError) -> Partition {
    let lag = log.lag(of: partition, at: mirrored)
    var seconds = 0.0
    if lag > 0 {
      var cursor = PartitionCursor(partition, at: max(mirrored, log.startOffset(of: partition)))
      var recordedAt: Timestamp?
      _ = try cursor.take(1, of: log) { _, event throws(DaybookError) in
        recordedAt = try EventHead(event).recordedAt
      }
      seconds =
        recordedAt.map { Double(now.milliseconds - min(now.milliseconds, $0.milliseconds)) / 1_000 }
        ?? 0
    }
    return Partition(
      partition: partition, head: log.highWatermark(of: partition), mirrored: mirrored,
      lagEvents: lag, lagSeconds: seconds)
  }

  private static func rate(
    _ progress: [(time: Timestamp, passed: Int64)], _ now: Timestamp
  ) -> Double {
    let oldest = now.milliseconds - min(now.milliseconds, rateMilliseconds)
    guard let first = progress.first(where: { $0.time.milliseconds >= oldest }),
      let last = progress.last, last.passed > first.passed
    else { return 0 }
    let seconds = Double(max(1, now.milliseconds - min(now.milliseconds, first.time.milliseconds)))
    return Double(last.passed - first.passed) * 1_000 / seconds
  }
}

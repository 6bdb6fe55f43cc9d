package import DaybookModel
package import Logging
import Ports

/// Holds a topic of Kafka against the log, once or for as long as it is wanted. Of one thread.
package final class TopicVerification {
  /// Nil where no mirror has claimed the topic: a copy of one, or one that nothing was mirrored into.
  package let claim: MirrorClaim?
  /// How the records should be made.
  package let shape: RecordShape
  private let positions: PositionsReader
  private var verification: MirrorVerification

  /// `shape`: nil for what the mirror says. `partitions`: of the log. Throws `kafka_topic_missing`,
  /// `kafka_topic_unfit`, `mirror_of_another`, `offset_out_of_range`, and as Kafka answers.
  package init(
    _ settings: MirrorSettings, shape: RecordShape?, log: MirroredLog, partitions: [PartitionID],
    from: Offset, logger: Logger
  ) throws(DaybookError) {
    let topics = try KafkaTopics(settings.kafka, timeout: settings.timeout, logger: logger)
    let topic = settings.topic
    let found: KafkaTopics.Shape?
    do throws(KafkaFault) {
      found = try topics.shape(of: topic)
    } catch {
      throw error.asDaybookError("the topic \(topic) can't be looked at")
    }
    guard let found else {
      throw KafkaFault.missing(topic).asDaybookError("nothing can be verified")
    }
    guard found.partitions == log.source.partitionCount else {
      throw DaybookError(
        .kafkaTopicUnfit,
        "the topic \(topic) has \(found.partitions) partitions, and the log "
          + "\(log.source.partitionCount): it is no mirror of it; name another one with --topic")
    }
    positions = try PositionsReader(
      settings.kafka, topics: topics, offsetsTopic: settings.offsetsTopic, topic: topic,
      logger: logger)
    // Before the topic is read: what is stated now is there then.
    try positions.readToEnd()
    claim = positions.claim
    var settings = settings
    if let shape {
      settings.shape = shape
    } else if let claim {
      settings.shape = try RecordShape(text: claim.shape)
    }
    self.shape = settings.shape
    if let claim, shape == nil || claim.source != log.source {
      settings.groupsTopic = claim.groups
      try MirrorOwnership(settings: settings, log: log, topics: topics).check(claim)
    }
    let feed = try KafkaTopicFeed(
      settings.kafka, topic: topic, partitionCount: found.partitions, timeout: settings.timeout,
      logger: logger)
    verification = try MirrorVerification(
      log: log.feed, topic: feed,
      format: RecordFormat(source: log.source, shape: settings.shape), partitions: partitions,
      positions: positions.stated, from: from)
  }

  /// Compares up to the topic's end, with what has come since the last time. Throws what the log does, and
  /// as Kafka answers; may be called again after that.
  package func run(
    _ progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(DaybookError) -> TopicReport {
    try positions.readToEnd()
    verification.update(positions.stated)
    try verification.run(progress)
    return verification.report
  }
}

extension PositionsReader {
  fileprivate var stated: [PartitionID: StatedPosition] {
    positions.mapValues { StatedPosition(start: $0.start, next: $0.next, digest: $0.digest) }
  }
}

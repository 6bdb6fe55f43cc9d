import DaybookModel
import Logging
import Ports

/// Takes a topic over: fences whoever had it, finds out how far it is, and proves that it is this
/// log's.
///
/// The order is what exactly-once rests on. The first producer's id fences the mirror before. Its claim,
/// committed under that id, says by how many producers the topic is written, and whose it is now; only
/// then are the other ids fenced, those of a larger number before included. What is read after all that
/// can't change under anybody else: if the claim is still ours, so are the positions.
struct MirrorStart {
  let settings: MirrorSettings
  let log: MirroredLog
  /// Random, of this mirror: as long as it runs, however often it starts anew.
  let owner: String
  /// It had the topic already, and so has been overtaken if the claim is another's.
  let isAgain: Bool
  let logger: Logger
  let clock: any WallClock
  let isUnwanted: @Sendable () -> Bool
  /// Told whose the topic was before this start's claim.
  let found: (_ owner: String?) -> Void
  let statistics: @Sendable ([UInt8]) -> Void

  struct Begun {
    var producers: [KafkaProducer]
    var positions: [PartitionID: MirrorPosition]
    /// A table for each producer; none where groups go nowhere.
    var groups: [GroupTable]
    var delivery: MirrorClaim.Delivery

    /// Those of a producer.
    func partitions(of producer: Int) -> [PartitionID] {
      positions.keys.filter { $0.index % producers.count == producer }.sorted()
    }
  }

  static let statisticsInterval = Duration.seconds(5)

  private var source: LogSource { log.source }

  func run() throws(DaybookError) -> Begun {
    let topics = try KafkaTopics(
      settings.kafka, timeout: settings.timeout, logger: logger,
      isUnwanted: isUnwanted)
    try checkShapes(topics)
    var delivery = MirrorClaim.Delivery.exactlyOnce
    var first = try producer(0, transactional: !settings.isAtLeastOnce)
    if settings.isAtLeastOnce {
      delivery = .atLeastOnce
    } else if try !fence(first, 0) {
      delivery = .atLeastOnce
      first = try producer(0, transactional: false)
    }
    let reader = try PositionsReader(
      settings.kafka, topics: topics, offsetsTopic: settings.offsetsTopic, topic: settings.topic,
      logger: logger)
    try reader.readToEnd(isUnwanted: isUnwanted)
    let ownership = MirrorOwnership(settings: settings, log: log, topics: topics)
    try check(reader.claim, ownership)
    found(reader.claim?.owner)
    let before = reader.claim?.producers ?? 1
    try claim(first, delivery)
    var producers = [first]
    for number in 1..<max(before, settings.producers, 1) {
      let isOurs = number < settings.producers
      guard isOurs || delivery == .exactlyOnce else { continue }
      let next = try producer(number, transactional: delivery == .exactlyOnce)
      if delivery == .exactlyOnce { _ = try fence(next, number) }
      if isOurs { producers.append(next) }
    }
    try reader.readToEnd(isUnwanted: isUnwanted)
    guard reader.claim?.owner == owner else { throw Self.fenced(settings.topic) }
    var begun = Begun(
      producers: producers, positions: try positions(reader.positions, ownership), groups: [],
      delivery: delivery)
    guard let groupsTopic = settings.groupsTopic else { return begun }
    let restoring = GroupsRestoring(
      settings: settings, topics: topics, logger: logger, isUnwanted: isUnwanted)
    for number in producers.indices {
      begun.groups.append(
        try restoring.table(groupsTopic, of: begun.partitions(of: number)))
    }
    return begun
  }

  // MARK: producers

  private func producer(_ number: Int, transactional: Bool) throws(DaybookError) -> KafkaProducer {
    try KafkaProducer(
      settings.kafka,
      transactionalID: transactional
        ? settings.transactionalID(source, producer: number) : nil,
      logger: logger, statistics: (Self.statisticsInterval, statistics))
  }

  /// False where the brokers know no transactions.
  private func fence(_ producer: KafkaProducer, _ number: Int) throws(DaybookError) -> Bool {
    do throws(KafkaFault) {
      try producer.initTransactions(within: settings.timeout, isUnwanted: isUnwanted)
      return true
    } catch {
      if error.isUnsupported { return false }
      throw error.asDaybookError("no transactions can be begun for the topic \(settings.topic)")
    }
  }

  private func claim(
    _ producer: KafkaProducer, _ delivery: MirrorClaim.Delivery
  ) throws(DaybookError) {
    let record = OffsetsRecord.claim(
      MirrorClaim(
        source: source, producers: settings.producers, shape: settings.shape.text,
        delivery: delivery, groups: settings.groupsTopic, owner: owner))
    do throws(KafkaFault) {
      if producer.isTransactional { try producer.begin() }
      try producer.send(record, of: settings, at: clock.now())
      if producer.isTransactional {
        try producer.commit(within: settings.timeout, isUnwanted: isUnwanted)
      } else {
        try producer.flush(within: settings.timeout, isUnwanted: isUnwanted)
      }
    } catch {
      throw error.asDaybookError("the topic \(settings.topic) can't be claimed")
    }
  }

  /// Whose the topic is. Changes nothing.
  static func claim(
    _ settings: MirrorSettings, logger: Logger, isUnwanted: @escaping () -> Bool
  ) throws(DaybookError) -> MirrorClaim? {
    let topics = try KafkaTopics(
      settings.kafka, timeout: settings.timeout, logger: logger,
      isUnwanted: isUnwanted)
    let reader = try PositionsReader(
      settings.kafka, topics: topics, offsetsTopic: settings.offsetsTopic, topic: settings.topic,
      logger: logger)
    try reader.readToEnd(isUnwanted: isUnwanted)
    return reader.claim
  }

  static func fenced(_ topic: String) -> DaybookError {
    DaybookError(
      .mirrorFenced,
      "another mirror of this log writes to \(topic) now, and this one writes no more: let one of "
        + "them run")
  }

  // MARK: is it ours

  private func checkShapes(_ topics: KafkaTopics) throws(DaybookError) {
    for name in [settings.topic, settings.offsetsTopic] + [settings.groupsTopic].compactMap(\.self)
    {
      guard let shape = try shape(of: name, topics) else {
        throw KafkaFault.missing(name).asDaybookError("nothing can be mirrored")
      }
      guard name != settings.offsetsTopic, shape.partitions != source.partitionCount else {
        continue
      }
      throw DaybookError(
        .kafkaTopicUnfit,
        "the topic \(name) has \(shape.partitions) partitions, and the log \(source.partitionCount): "
          + "mirror into another one with --topic, which 'daybook mirror plan --yes' makes")
    }
  }

  private func shape(
    of name: String, _ topics: KafkaTopics
  ) throws(DaybookError) -> KafkaTopics.Shape? {
    do throws(KafkaFault) {
      return try topics.shape(of: name)
    } catch {
      throw error.asDaybookError("the topic \(name) can't be looked at")
    }
  }

  private func check(
    _ claim: MirrorClaim?, _ ownership: MirrorOwnership
  ) throws(DaybookError) {
    if isAgain {
      guard let claim else {
        throw topicLost("the offsets topic knows nothing of it any more")
      }
      guard claim.owner == owner else { throw Self.fenced(settings.topic) }
    }
    try ownership.check(claim)
  }

  private func topicLost(_ what: String) -> DaybookError {
    DaybookError(
      .mirrorTopicLost,
      "the topic \(settings.topic) has lost what was mirrored: \(what). Mirror into another one, "
        + "from the beginning")
  }

  // MARK: where to go on

  private func positions(
    _ known: [PartitionID: MirrorPosition], _ ownership: MirrorOwnership
  ) throws(DaybookError) -> [PartitionID: MirrorPosition] {
    var found: [PartitionID: MirrorPosition] = [:]
    for partition in log.partitions {
      guard let position = known[partition] else {
        let start = settings.begins.offset(of: partition, in: log.feed)
        guard start <= log.end(partition) else {
          throw DaybookError(
            .offsetOutOfRange,
            "partition \(partition) ends at offset \(log.end(partition)): --from is past it")
        }
        found[partition] = MirrorPosition(
          partition: partition, start: start, epoch: log.feed.epoch)
        continue
      }
      let end = try ownership.end(of: partition)
      guard end >= position.topicEnd else {
        throw topicLost(
          "partition \(partition) ends at \(end), and had records up to \(position.topicEnd)")
      }
      try MirrorHistory(log: log, topic: settings.topic).check(position)
      found[partition] = position
    }
    return found
  }
}

extension KafkaProducer {
  /// A record of the offsets topic.
  func send(
    _ record: OffsetsRecord, of settings: MirrorSettings, at now: Timestamp
  ) throws(KafkaFault) {
    let (key, value) = (record.key(settings.topic), record.value)
    let fault = key.withUnsafeBytes { key in
      value.withUnsafeBytes { value in
        send(
          to: settings.offsetsTopic, partition: PositionsReader.partition, key: key, value: value,
          timestampMilliseconds: Int64(clamping: now.milliseconds))
      }
    }
    if let fault { throw fault }
  }
}

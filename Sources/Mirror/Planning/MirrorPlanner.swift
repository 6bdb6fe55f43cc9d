import CRdKafka
package import DaybookModel
package import Logging
import Ports

/// Looks at the topics of a mirror, and makes them as they have to be.
package struct MirrorPlanner {
  private let settings: MirrorSettings
  private let log: MirroredLog
  private let replicas: Int?
  private let logger: Logger
  private let topics: KafkaTopics

  package init(
    _ settings: MirrorSettings, log: MirroredLog, replicas: Int?, logger: Logger
  ) throws(DaybookError) {
    self.settings = settings
    self.log = log
    self.replicas = replicas
    self.logger = logger
    topics = try KafkaTopics(settings.kafka, timeout: settings.timeout, logger: logger)
  }

  private var wanted: [(String, TopicPlan.Purpose)] {
    let partitions = log.feed.partitionCount
    return [(settings.topic, .events(partitions: partitions)), (settings.offsetsTopic, .offsets)]
      + (settings.groupsTopic.map { [($0, .table(partitions: partitions))] } ?? [])
  }

  /// What is to be done. Changes nothing. Throws `mirror_of_another` for a topic of another log, and as
  /// Kafka answers.
  package func plans() throws(DaybookError) -> [TopicPlan] {
    let plans = try look()
    // Whose it is can be told only where there is something.
    guard !plans.contains(where: \.isToBeMade) else { return plans }
    let reader = try PositionsReader(
      settings.kafka, topics: topics, offsetsTopic: settings.offsetsTopic, topic: settings.topic,
      logger: logger)
    try reader.readToEnd()
    try MirrorOwnership(settings: settings, log: log, topics: topics).check(reader.claim)
    return plans
  }

  private func look() throws(DaybookError) -> [TopicPlan] {
    do throws(KafkaFault) {
      let brokers = try topics.brokerCount()
      var plans: [TopicPlan] = []
      for (name, purpose) in wanted {
        var found: TopicPlan.Found?
        if let shape = try topics.shape(of: name) {
          found = TopicPlan.Found(
            partitions: shape.partitions, replicas: shape.replicas,
            configuration: try topics.configuration(of: name).mapValues(\.value))
        }
        plans.append(
          TopicPlan(name, for: purpose, found: found, brokers: brokers, replicas: replicas))
      }
      return plans
    } catch {
      throw error.asDaybookError("the topics can't be looked at")
    }
  }

  /// Does what a plan says.
  package func carryOut(_ plan: TopicPlan) throws(DaybookError) {
    let entries = plan.steps.compactMap { step -> (String, String)? in
      if case .set(let name, let value, _) = step { (name, value) } else { nil }
    }
    do throws(KafkaFault) {
      for step in plan.steps {
        guard case .make(let partitions, let replicas) = step else { continue }
        return try topics.make(
          plan.topic, partitions: partitions, replicas: replicas, entries)
      }
      guard !entries.isEmpty else { return }
      // What is not said again would be taken back.
      var all = try topics.configuration(of: plan.topic).filter { $0.value.isOfTopic }.mapValues(
        \.value)
      for (name, value) in entries { all[name] = value }
      try topics.configure(plan.topic, all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    } catch {
      throw error.asDaybookError("the topic \(plan.topic) can't be made so")
    }
  }
}

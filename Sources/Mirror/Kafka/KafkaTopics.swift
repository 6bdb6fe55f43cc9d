import CRdKafka
package import DaybookModel
package import Logging

/// Looks at topics, makes them and sets their configurations. Of one thread.
package final class KafkaTopics {
  package struct Shape: Sendable, Equatable {
    package var partitions: Int
    /// The fewest that any partition has.
    package var replicas: Int
  }

  package struct Entry: Sendable, Equatable {
    package var value: String
    /// It was set for this topic, and is not what all topics have.
    package var isOfTopic: Bool
  }

  private let client: KafkaClient
  private let timeout: Duration
  private let isUnwanted: () -> Bool

  /// An answer is waited for so long, and no longer than it is wanted.
  package init(
    _ configuration: KafkaConfiguration, timeout: Duration, logger: Logger,
    isUnwanted: @escaping () -> Bool = { false }
  ) throws(DaybookError) {
    self.timeout = timeout
    self.isUnwanted = isUnwanted
    client = try KafkaClient(
      .consumer, configuration,
      [
        KafkaConfiguration.Property("isolation.level", "read_uncommitted"),
        KafkaConfiguration.Property("allow.auto.create.topics", "false"),
      ], logger: logger)
  }

  /// Nil for a topic that there isn't.
  package func shape(of name: String) throws(KafkaFault) -> Shape? {
    let topic = rd_kafka_topic_new(client.handle, name, nil)!
    defer { rd_kafka_topic_destroy(topic) }
    var found: UnsafePointer<rd_kafka_metadata>?
    try ask { rd_kafka_metadata(client.handle, 0, topic, &found, $0) }
    guard let found else { return nil }
    defer { rd_kafka_metadata_destroy(found) }
    client.events.works()
    guard found.pointee.topic_cnt > 0 else { return nil }
    let one = found.pointee.topics[0]
    switch one.err {
    case RD_KAFKA_RESP_ERR_NO_ERROR: break
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: return nil
    default: throw KafkaFault(one.err)
    }
    let replicas = (0..<Int(one.partition_cnt)).map { Int(one.partitions[$0].replica_cnt) }
    return Shape(partitions: Int(one.partition_cnt), replicas: replicas.min() ?? 0)
  }

  /// How many brokers there are.
  package func brokerCount() throws(KafkaFault) -> Int {
    var found: UnsafePointer<rd_kafka_metadata>?
    try ask { rd_kafka_metadata(client.handle, 0, nil, &found, $0) }
    guard let found else { return 0 }
    defer { rd_kafka_metadata_destroy(found) }
    return Int(found.pointee.broker_cnt)
  }

  /// Behind the last record of a partition, those of open and aborted transactions and markers
  /// included.
  package func end(of topic: String, _ partition: Int32) throws(KafkaFault) -> Int64 {
    var (low, high): (Int64, Int64) = (0, 0)
    try ask {
      rd_kafka_query_watermark_offsets(client.handle, topic, partition, &low, &high, $0)
    }
    return high
  }

  /// Asks again and again, for a while each time.
  private func ask(_ call: (_ milliseconds: Int32) -> rd_kafka_resp_err_t) throws(KafkaFault) {
    let deadline = ContinuousClock.now + timeout
    while true {
      let code = call(KafkaClient.sliceMilliseconds)
      let mayCome =
        code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT
        || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
      guard mayCome, ContinuousClock.now < deadline, !isUnwanted(), !client.isRefused else {
        try client.check(code)
        return client.events.works()
      }
    }
  }

  // MARK: administration

  package func make(
    _ name: String, partitions: Int, replicas: Int, _ configuration: [(String, String)]
  ) throws(KafkaFault) {
    var text = [CChar](repeating: 0, count: 512)
    var topic = rd_kafka_NewTopic_new(
      name, Int32(partitions), Int32(replicas), &text, text.count)
    guard let made = topic else {
      throw KafkaFault(
        RD_KAFKA_RESP_ERR__INVALID_ARG,
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    defer { rd_kafka_NewTopic_destroy(made) }
    for (name, value) in configuration { rd_kafka_NewTopic_set_config(made, name, value) }
    try ask(RD_KAFKA_ADMIN_OP_CREATETOPICS) { options, queue in
      rd_kafka_CreateTopics(client.handle, &topic, 1, options, queue)
    } answer: { event throws(KafkaFault) in
      var count = 0
      guard
        let results = rd_kafka_CreateTopics_result_topics(
          rd_kafka_event_CreateTopics_result(event), &count)
      else { return }
      for index in 0..<count {
        let code = rd_kafka_topic_result_error(results[index])
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
        let why = rd_kafka_topic_result_error_string(results[index]).map { String(cString: $0) }
        throw KafkaFault(code, why.map { client.secrets.hidden(in: $0) })
      }
    }
  }

  package func remove(_ name: String) throws(KafkaFault) {
    var topic = rd_kafka_DeleteTopic_new(name)
    let made = topic!
    defer { rd_kafka_DeleteTopic_destroy(made) }
    try ask(RD_KAFKA_ADMIN_OP_DELETETOPICS) { options, queue in
      rd_kafka_DeleteTopics(client.handle, &topic, 1, options, queue)
    } answer: { event throws(KafkaFault) in
      var count = 0
      guard
        let results = rd_kafka_DeleteTopics_result_topics(
          rd_kafka_event_DeleteTopics_result(event), &count)
      else { return }
      for index in 0..<count {
        let code = rd_kafka_topic_result_error(results[index])
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFault(code) }
      }
    }
  }

  package func configuration(of topic: String) throws(KafkaFault) -> [String: Entry] {
    var resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
    let made = resource!
    defer { rd_kafka_ConfigResource_destroy(made) }
    var found: [String: Entry] = [:]
    try ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { options, queue in
      rd_kafka_DescribeConfigs(client.handle, &resource, 1, options, queue)
    } answer: { event throws(KafkaFault) in
      var count = 0
      guard
        let resources = rd_kafka_DescribeConfigs_result_resources(
          rd_kafka_event_DescribeConfigs_result(event), &count)
      else { return }
      for index in 0..<count {
        try check(resources[index])
        var entries = 0
        guard let list = rd_kafka_ConfigResource_configs(resources[index], &entries) else {
          continue
        }
        for entry in 0..<entries {
          guard let one = list[entry], let name = rd_kafka_ConfigEntry_name(one) else { continue }
          found[String(cString: name)] = Entry(
            value: rd_kafka_ConfigEntry_value(one).map { String(cString: $0) } ?? "",
            isOfTopic: rd_kafka_ConfigEntry_source(one)
              == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
        }
      }
    }
    return found
  }

  /// All that is set for the topic, from now on: what is left out goes back to what all topics have.
  package func configure(
    _ topic: String, _ entries: [(String, String)]
  ) throws(KafkaFault) {
    var resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
    let made = resource!
    defer { rd_kafka_ConfigResource_destroy(made) }
    for (name, value) in entries { rd_kafka_ConfigResource_set_config(made, name, value) }
    try ask(RD_KAFKA_ADMIN_OP_ALTERCONFIGS) { options, queue in
      rd_kafka_AlterConfigs(client.handle, &resource, 1, options, queue)
    } answer: { event throws(KafkaFault) in
      var count = 0
      guard
        let resources = rd_kafka_AlterConfigs_result_resources(
          rd_kafka_event_AlterConfigs_result(event), &count)
      else { return }
      for index in 0..<count { try check(resources[index]) }
    }
  }

  private func check(_ resource: OpaquePointer?) throws(KafkaFault) {
    let code = rd_kafka_ConfigResource_error(resource)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
    let why = rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) }
    throw KafkaFault(code, why.map { client.secrets.hidden(in: $0) })
  }

  private func ask(
    _ operation: rd_kafka_admin_op_t,
    _ request: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void,
    answer: (OpaquePointer) throws(KafkaFault) -> Void
  ) throws(KafkaFault) {
    let queue = rd_kafka_queue_new(client.handle)
    defer { rd_kafka_queue_destroy(queue) }
    let options = rd_kafka_AdminOptions_new(client.handle, operation)
    defer { rd_kafka_AdminOptions_destroy(options) }
    var text = [CChar](repeating: 0, count: 256)
    rd_kafka_AdminOptions_set_request_timeout(
      options, timeout.wholeMilliseconds, &text, text.count)
    request(options, queue)
    guard let event = rd_kafka_queue_poll(queue, timeout.wholeMilliseconds + 1_000) else {
      throw client.explained(KafkaFault(RD_KAFKA_RESP_ERR__TIMED_OUT))
    }
    defer { rd_kafka_event_destroy(event) }
    let code = rd_kafka_event_error(event)
    if code != RD_KAFKA_RESP_ERR_NO_ERROR {
      let why = rd_kafka_event_error_string(event).map { String(cString: $0) }
      throw client.explained(KafkaFault(code, why.map { client.secrets.hidden(in: $0) }))
    }
    try answer(event)
  }
}

import CRdKafka
package import DaybookModel
package import Logging

/// Reads partitions of topics, without a consumer group: from where it is told to, up to wherever.
/// Of one thread.
package final class KafkaReader {
  /// What is there of a record, for as long as it is looked at.
  package struct Record {
    package let topic: String
    package let partition: Int32
    package let offset: Int64
    package let timestampMilliseconds: Int64
    package let key: UnsafeRawBufferPointer
    /// Nil for a tombstone.
    package let value: UnsafeRawBufferPointer?
    fileprivate let message: UnsafePointer<rd_kafka_message_t>

    package func forEachHeader(_ visit: (_ name: String, _ value: UnsafeRawBufferPointer) -> Void) {
      var headers: OpaquePointer?
      guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR,
        let headers
      else { return }
      var (name, value, size): (UnsafePointer<CChar>?, UnsafeRawPointer?, Int) = (nil, nil, 0)
      var index = 0
      while rd_kafka_header_get_all(headers, index, &name, &value, &size)
        == RD_KAFKA_RESP_ERR_NO_ERROR
      {
        visit(
          name.map { String(cString: $0) } ?? "",
          UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size))
        index += 1
      }
    }
  }

  package enum Met {
    case record(Record)
    /// Nothing more is visible now; the offset is where reading goes on.
    case end(partition: Int32, offset: Int64)
  }

  private let client: KafkaClient
  private let queue: OpaquePointer
  private var begun: [(topic: OpaquePointer, partition: Int32)] = []
  private var messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
  private var topics: [String: OpaquePointer] = [:]

  private var troubledSince: ContinuousClock.Instant?

  private static let messagesMax = 1_000
  private static let troubleMax = Duration.seconds(10)

  /// `committed`: only what belongs to no transaction, or to one that was committed.
  package init(
    _ configuration: KafkaConfiguration, committed: Bool = true, logger: Logger
  ) throws(DaybookError) {
    client = try KafkaClient(
      .consumer, configuration,
      [
        // How long a broker may wait for more where nothing is there: so late is an end known.
        KafkaConfiguration.Property("fetch.wait.max.ms", "50"),
        KafkaConfiguration.Property(
          "isolation.level", committed ? "read_committed" : "read_uncommitted"),
        KafkaConfiguration.Property("enable.partition.eof", "true"),
        KafkaConfiguration.Property("allow.auto.create.topics", "false"),
        KafkaConfiguration.Property("auto.offset.reset", "error"),
      ], logger: logger)
    queue = rd_kafka_queue_new(client.handle)!
    messages = .allocate(capacity: Self.messagesMax)
    messages.initialize(repeating: nil, count: Self.messagesMax)
  }

  /// RD_KAFKA_OFFSET_BEGINNING: where reading begins if nothing is there yet, whatever is kept.
  static let beginning: Int64 = -2

  /// The same, of a configuration that a client was made with before.
  static func opened(
    _ configuration: KafkaConfiguration, logger: Logger
  ) throws(KafkaFault) -> KafkaReader {
    do throws(DaybookError) {
      return try KafkaReader(configuration, logger: logger)
    } catch {
      throw KafkaFault(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, error.message)
    }
  }

  deinit {
    for (topic, partition) in begun { rd_kafka_consume_stop(topic, partition) }
    rd_kafka_queue_destroy(queue)
    for topic in topics.values { rd_kafka_topic_destroy(topic) }
    messages.deallocate()
  }

  /// A partition is read from `offset` on, which was not begun, or was ended.
  package func begin(
    _ topic: String, _ partition: Int32, at offset: Int64
  ) throws(KafkaFault) {
    let handle = topics[topic] ?? rd_kafka_topic_new(client.handle, topic, nil)!
    topics[topic] = handle
    guard rd_kafka_consume_start_queue(handle, partition, offset, queue) == 0 else {
      throw client.explained(KafkaFault(rd_kafka_last_error()))
    }
    begun.append((handle, partition))
  }

  /// A partition is read no more. What has come of it already may still be shown.
  package func end(_ topic: String, _ partition: Int32) {
    guard
      let at = begun.firstIndex(where: { $0.topic == topics[topic] && $0.partition == partition })
    else { return }
    rd_kafka_consume_stop(begun[at].topic, partition)
    begun.remove(at: at)
  }

  /// Shows what has come, and waits for something so long. What is no record any more after `visit`
  /// must have been copied. Throws what a partition can't be read for.
  package func read(
    wait: Duration, _ visit: (Met) throws(KafkaFault) -> Void
  ) throws(KafkaFault) {
    client.poll()
    var count = rd_kafka_consume_batch_queue(queue, 0, messages, Self.messagesMax)
    guard count >= 0 else { throw client.explained(KafkaFault(rd_kafka_last_error())) }
    // Asked for a batch, the library waits until it is full, or all of the time.
    if count == 0, let one = rd_kafka_consume_queue(queue, wait.wholeMilliseconds) {
      messages[0] = one
      count = 1
    }
    if count == 0 { try checkSilence() }
    var failure: KafkaFault?
    for index in 0..<count {
      guard let message = messages[index] else { continue }
      defer { rd_kafka_message_destroy(message) }
      guard failure == nil else { continue }
      do throws(KafkaFault) { try show(message, visit) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// A connection that broke comes back, as a rule. Throws what has kept it from that for too long.
  private func checkSilence() throws(KafkaFault) {
    guard let cause = client.events.cause else { return troubledSince = nil }
    let now = ContinuousClock.now
    let since = troubledSince ?? now
    troubledSince = since
    if cause.isRefusal || now - since >= Self.troubleMax { throw cause }
  }

  private func show(
    _ message: UnsafeMutablePointer<rd_kafka_message_t>, _ visit: (Met) throws(KafkaFault) -> Void
  ) throws(KafkaFault) {
    let it = message.pointee
    switch it.err {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      client.events.works()
      var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
      let record = Record(
        topic: it.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? "",
        partition: it.partition, offset: it.offset,
        timestampMilliseconds: rd_kafka_message_timestamp(message, &type),
        key: UnsafeRawBufferPointer(start: it.key, count: it.key_len),
        value: it.payload.map { UnsafeRawBufferPointer(start: $0, count: it.len) },
        message: message)
      try visit(.record(record))
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      client.events.works()
      try visit(.end(partition: it.partition, offset: it.offset))
    default:
      let text = it.payload.map { _ in String(cString: rd_kafka_message_errstr(message)) }
      throw client.explained(KafkaFault(it.err, text.map { client.secrets.hidden(in: $0) }))
    }
  }

  /// The first offset that is kept and the one behind the last, of what this reader may see.
  package func bounds(
    of topic: String, _ partition: Int32, within limit: Duration
  ) throws(KafkaFault) -> Range<Int64> {
    var (low, high): (Int64, Int64) = (0, 0)
    try client.check(
      rd_kafka_query_watermark_offsets(
        client.handle, topic, partition, &low, &high, limit.wholeMilliseconds))
    client.events.works()
    return low..<max(low, high)
  }
}

import CRdKafka
package import DaybookModel
package import Logging

/// Sends records, in transactions where it has a transactional id. Of one thread.
package final class KafkaProducer {
  private let client: KafkaClient
  private var topics: [String: OpaquePointer] = [:]
  /// What one call says of a record, used again for each.
  private let units: UnsafeMutablePointer<rd_kafka_vu_t>
  package let isTransactional: Bool

  private static let unitsMax = 8
  /// RD_KAFKA_MSG_F_COPY, a macro that Swift does not see.
  private static let copying: Int32 = 2

  /// `statistics` gets librdkafka's own, as JSON, every so often. Throws `invalid_argument`.
  package init(
    _ configuration: KafkaConfiguration, transactionalID: String?, logger: Logger,
    statistics: (every: Duration, take: @Sendable ([UInt8]) -> Void)? = nil
  ) throws(DaybookError) {
    var properties = [
      KafkaConfiguration.Property("enable.idempotence", "true"),
      KafkaConfiguration.Property("acks", "all"),
    ]
    if let transactionalID {
      properties.append(KafkaConfiguration.Property("transactional.id", transactionalID))
    }
    if let statistics {
      properties.append(
        KafkaConfiguration.Property(
          "statistics.interval.ms", "\(statistics.every.wholeMilliseconds)"))
    }
    isTransactional = transactionalID != nil
    client = try KafkaClient(
      .producer, configuration, properties, logger: logger, statistics: statistics?.take)
    units = .allocate(capacity: Self.unitsMax)
    units.initialize(repeating: rd_kafka_vu_t(), count: Self.unitsMax)
  }

  deinit {
    for topic in topics.values { rd_kafka_topic_destroy(topic) }
    units.deallocate()
  }

  // MARK: transactions

  /// Fences whoever has the transactional id, and settles what that one left open.
  package func initTransactions(
    within limit: Duration, isUnwanted: () -> Bool = { false }
  ) throws(KafkaFault) {
    try settle(limit, isUnwanted) { rd_kafka_init_transactions(client.handle, $0) }
    client.events.works()
  }

  package func begin() throws(KafkaFault) {
    try client.check(rd_kafka_begin_transaction(client.handle))
  }

  /// All that was sent since `begin` is there from now on, or none of it. A timeout says nothing of
  /// either: then only a new producer can find out. Ends early once `isUnwanted`.
  package func commit(
    within limit: Duration, isUnwanted: () -> Bool = { false }
  ) throws(KafkaFault) {
    try settle(limit, isUnwanted) { rd_kafka_commit_transaction(client.handle, $0) }
    client.events.works()
  }

  package func abort(
    within limit: Duration, isUnwanted: () -> Bool = { false }
  ) throws(KafkaFault) {
    try settle(limit, isUnwanted) { rd_kafka_abort_transaction(client.handle, $0) }
    _ = client.events.takeUndelivered()
    _ = client.events.takeDelivered()
  }

  private func settle(
    _ limit: Duration, _ isUnwanted: () -> Bool, _ call: (Int32) -> OpaquePointer?
  ) throws(KafkaFault) {
    let deadline = ContinuousClock.now + limit
    while true {
      guard let fault = KafkaFault(taking: call(KafkaClient.sliceMilliseconds), client.secrets)
      else {
        return
      }
      let goesOn =
        fault.isOneOf(RD_KAFKA_RESP_ERR__TIMED_OUT) && ContinuousClock.now < deadline
        && !isUnwanted() && !client.isRefused
      if goesOn { continue }
      throw client.explained(fault).due(to: client.events.takeUndelivered())
    }
  }

  // MARK: records

  /// Hands a record to the library, which copies it; waits where its queue is full. Of a record that
  /// is `isMarked`, `takeDelivered` says where it came to lie. Returns why it was not taken, which is no
  /// error thrown: what lends memory hands none on.
  package func send(
    to topic: String, partition: Int32, key: UnsafeRawBufferPointer,
    value: UnsafeRawBufferPointer?, timestampMilliseconds: Int64, isMarked: Bool = false,
    isUnwanted: () -> Bool = { false }, headers: ((KafkaHeaders) -> Void)? = nil
  ) -> KafkaFault? {
    let added = headers.map { fill in
      let added = KafkaHeaders()
      fill(added)
      return added
    }
    let count = describe(
      handle(of: topic), partition, key, value, timestampMilliseconds, isMarked: isMarked, added)
    while true {
      guard
        let fault = KafkaFault(
          taking: rd_kafka_produceva(client.handle, units, count), client.secrets)
      else { return nil }
      if fault.isOneOf(RD_KAFKA_RESP_ERR__QUEUE_FULL), !isUnwanted() {
        client.poll(milliseconds: 10)
        continue
      }
      // Of a record that was taken the library has them.
      added?.destroy()
      return client.explained(fault).due(to: client.events.takeUndelivered())
    }
  }

  /// Fills `units`, and says how many there are.
  private func describe(
    _ topic: OpaquePointer, _ partition: Int32, _ key: UnsafeRawBufferPointer,
    _ value: UnsafeRawBufferPointer?, _ timestamp: Int64, isMarked: Bool, _ headers: KafkaHeaders?
  ) -> Int {
    var count = 0
    func say(_ type: rd_kafka_vtype_t, _ fill: (inout rd_kafka_vu_t) -> Void) {
      units[count].vtype = type
      fill(&units[count])
      count += 1
    }
    say(RD_KAFKA_VTYPE_RKT) { $0.u.rkt = topic }
    say(RD_KAFKA_VTYPE_PARTITION) { $0.u.i32 = partition }
    say(RD_KAFKA_VTYPE_MSGFLAGS) { $0.u.i = Self.copying }
    say(RD_KAFKA_VTYPE_KEY) {
      $0.u.mem.ptr = UnsafeMutableRawPointer(mutating: key.baseAddress)
      $0.u.mem.size = key.count
    }
    if let value {
      say(RD_KAFKA_VTYPE_VALUE) {
        $0.u.mem.ptr = UnsafeMutableRawPointer(mutating: value.baseAddress)
        $0.u.mem.size = value.count
      }
    }
    say(RD_KAFKA_VTYPE_TIMESTAMP) { $0.u.i64 = timestamp }
    if isMarked { say(RD_KAFKA_VTYPE_OPAQUE) { $0.u.ptr = UnsafeMutableRawPointer(bitPattern: 1) } }
    if let headers { say(RD_KAFKA_VTYPE_HEADERS) { $0.u.headers = headers.handle } }
    return count
  }

  /// Waits until all that was sent has arrived. Throws why something did not.
  package func flush(
    within limit: Duration, isUnwanted: () -> Bool = { false }
  ) throws(KafkaFault) {
    let deadline = ContinuousClock.now + limit
    while true {
      let code = rd_kafka_flush(client.handle, KafkaClient.sliceMilliseconds)
      if let fault = client.events.takeUndelivered() { throw fault }
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return client.events.works() }
      guard code == RD_KAFKA_RESP_ERR__TIMED_OUT, ContinuousClock.now < deadline, !isUnwanted()
      else { return try client.check(code) }
    }
  }

  /// The offsets of the last marked record of each partition that has arrived.
  package func takeDelivered() -> [Int32: Int64] {
    client.poll()
    return client.events.takeDelivered()
  }

  /// For how long brokers made this producer wait, as a quota does, since this was last asked.
  package func takeThrottled() -> Duration {
    .milliseconds(client.events.takeThrottledMilliseconds())
  }

  /// To be called while nothing is sent, so that the library can tell what has happened.
  package func poll() { client.poll() }

  private func handle(of name: String) -> OpaquePointer {
    if let topic = topics[name] { return topic }
    // It fails for an unknown configuration alone, and there is none.
    let topic = rd_kafka_topic_new(client.handle, name, nil)!
    topics[name] = topic
    return topic
  }
}

/// Headers of one record, on their way to the library.
package struct KafkaHeaders {
  fileprivate let handle = rd_kafka_headers_new(16)!

  package func add(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
    name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount) {
      _ = rd_kafka_header_add(
        handle, $0, name.utf8CodeUnitCount, value.baseAddress, value.count)
    }
  }

  fileprivate func destroy() { rd_kafka_headers_destroy(handle) }
}

extension Duration {
  /// Rounded down; what does not fit is the longest that does.
  var wholeMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    return Int32(
      clamping: seconds.multipliedReportingOverflow(by: 1_000).partialValue
        &+ attoseconds / 1_000_000_000_000_000)
  }
}

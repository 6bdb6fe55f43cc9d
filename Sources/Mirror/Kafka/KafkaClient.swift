import CRdKafka
import DaybookModel
import Logging
import NIOConcurrencyHelpers

/// One client of librdkafka, of whatever kind, with what it says of itself. Its calls block: they
/// belong on a thread of their own.
///
/// `@unchecked Sendable`: librdkafka's handle may be used from any thread.
final class KafkaClient: @unchecked Sendable {
  enum Kind {
    case producer, consumer

    fileprivate var type: rd_kafka_type_t {
      self == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
    }
  }

  /// How long a wait goes on without a look at whether it is still wanted.
  static let sliceMilliseconds: Int32 = 500

  let handle: OpaquePointer
  let events: KafkaEvents
  let secrets: KafkaSecrets
  private let context: Unmanaged<KafkaEvents>

  /// Throws `invalid_argument` for properties that don't go together, `kafka_failed` where there is
  /// no room for a client.
  init(
    _ kind: Kind, _ configuration: KafkaConfiguration, _ more: [KafkaConfiguration.Property],
    logger: Logger, statistics: (@Sendable ([UInt8]) -> Void)? = nil
  ) throws(DaybookError) {
    let conf = try configuration.conf(more)
    secrets = configuration.hiding
    events = KafkaEvents(logger, configuration.hiding, statistics)
    context = Unmanaged.passRetained(events)
    rd_kafka_conf_set_opaque(conf, context.toOpaque())
    KafkaEvents.listen(conf, toDeliveries: kind == .producer)
    var text = [CChar](repeating: 0, count: 512)
    guard let handle = rd_kafka_new(kind.type, conf, &text, text.count) else {
      rd_kafka_conf_destroy(conf)
      context.release()
      let why = String(
        decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw DaybookError(
        .invalidArgument, "Kafka's client can't be made so: \(secrets.hidden(in: why))")
    }
    self.handle = handle
  }

  deinit {
    // What was not delivered belongs to a transaction that is given up.
    rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    rd_kafka_destroy(handle)
    context.release()
  }

  /// Lets what has happened be told to `events`.
  func poll(milliseconds: Int32 = 0) { rd_kafka_poll(handle, milliseconds) }

  /// Whether a broker has said no to who this is: waiting longer is of no use.
  var isRefused: Bool {
    poll()
    return events.cause?.isRefusal ?? false
  }

  /// What an answer that did not come in time is due to, if the client has said something.
  func explained(_ fault: KafkaFault) -> KafkaFault {
    poll()
    if fault.isFatal || fault.isOneOf(RD_KAFKA_RESP_ERR__FATAL) { return fatal ?? fault }
    guard
      fault.isOneOf(
        RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
        RD_KAFKA_RESP_ERR__WAIT_COORD)
    else { return fault }
    return events.cause ?? fault
  }

  /// The first fault after which the client does nothing more.
  private var fatal: KafkaFault? {
    var text = [CChar](repeating: 0, count: 512)
    let code = rd_kafka_fatal_error(handle, &text, text.count)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    let why = String(
      decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return KafkaFault(code, secrets.hidden(in: why), isFatal: true)
  }

  /// Throws where a call's result is a fault.
  func check(_ error: OpaquePointer?) throws(KafkaFault) {
    if let fault = KafkaFault(taking: error, secrets) { throw explained(fault) }
  }

  func check(_ code: rd_kafka_resp_err_t) throws(KafkaFault) {
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw explained(KafkaFault(code)) }
  }
}

/// What a client tells while it works: faults of connections, deliveries, how it fares.
final class KafkaEvents: Sendable {
  private struct State {
    var cause: KafkaFault?
    var undelivered: KafkaFault?
    /// By partition, of the last record of each transaction.
    var delivered: [Int32: Int64] = [:]
    var throttledMilliseconds = 0
  }

  private let state = NIOLockedValueBox(State())
  private let logger: Logger
  private let secrets: KafkaSecrets
  private let statistics: (@Sendable ([UInt8]) -> Void)?

  init(
    _ logger: Logger, _ secrets: KafkaSecrets, _ statistics: (@Sendable ([UInt8]) -> Void)?
  ) {
    self.logger = logger
    self.secrets = secrets
    self.statistics = statistics
  }

  /// The last fault of a connection that says more than that nobody answered.
  var cause: KafkaFault? { state.withLockedValue { $0.cause } }

  /// Why a record did not arrive.
  func takeUndelivered() -> KafkaFault? {
    state.withLockedValue { state in
      defer { state.undelivered = nil }
      return state.undelivered
    }
  }

  /// Where marked records came to lie, by partition.
  func takeDelivered() -> [Int32: Int64] {
    state.withLockedValue { state in
      defer { state.delivered = [:] }
      return state.delivered
    }
  }

  /// For how long brokers have made this client wait since this was last asked.
  func takeThrottledMilliseconds() -> Int {
    state.withLockedValue { state in
      defer { state.throttledMilliseconds = 0 }
      return state.throttledMilliseconds
    }
  }

  /// Something was answered.
  func works() { state.withLockedValue { $0.cause = nil } }

  // MARK: callbacks

  static func listen(_ conf: OpaquePointer, toDeliveries: Bool) {
    rd_kafka_conf_set_error_cb(conf) { _, code, reason, opaque in
      KafkaEvents.of(opaque)?.failed(rd_kafka_resp_err_t(rawValue: code), KafkaEvents.text(reason))
    }
    rd_kafka_conf_set_log_cb(conf) { handle, level, _, text in
      guard let handle, let text else { return }
      KafkaEvents.of(rd_kafka_opaque(handle))?.log(level, String(cString: text))
    }
    rd_kafka_conf_set_throttle_cb(conf) { _, _, _, milliseconds, opaque in
      KafkaEvents.of(opaque)?.throttled(Int(milliseconds))
    }
    rd_kafka_conf_set_stats_cb(conf) { _, json, count, opaque in
      guard let json, let events = KafkaEvents.of(opaque) else { return 0 }
      events.statistics?(Array(UnsafeRawBufferPointer(start: json, count: count)))
      return 0
    }
    guard toDeliveries else { return }
    rd_kafka_conf_set_dr_msg_cb(conf) { _, message, opaque in
      guard let message else { return }
      let isFault = message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR
      // Nearly all are neither: nothing is looked up for them.
      guard isFault || message.pointee._private != nil else { return }
      KafkaEvents.of(opaque)?.delivered(message.pointee)
    }
  }

  private static func of(_ opaque: UnsafeMutableRawPointer?) -> KafkaEvents? {
    opaque.map { Unmanaged<KafkaEvents>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func text(_ text: UnsafePointer<CChar>?) -> String {
    text.map { String(cString: $0) } ?? ""
  }

  private func failed(_ code: rd_kafka_resp_err_t, _ reason: String) {
    let fault = KafkaFault(
      code, secrets.hidden(in: reason), isFatal: code == RD_KAFKA_RESP_ERR__FATAL)
    logger.debug("\(fault)")
    state.withLockedValue { state in
      // Who says no is heard longer than who says nothing.
      if fault.isRefusal || state.cause == nil { state.cause = fault }
    }
  }

  /// A client's log is for who looks for a fault: what the mirror makes of it is said in its own
  /// words.
  private func log(_ level: Int32, _ text: String) { logger.debug("\(secrets.hidden(in: text))") }

  private func throttled(_ milliseconds: Int) {
    state.withLockedValue { $0.throttledMilliseconds += milliseconds }
  }

  private func delivered(_ message: rd_kafka_message_t) {
    state.withLockedValue { state in
      switch message.err {
      case RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
        // What follows from a failure, and is none.
        break
      case let code where code != RD_KAFKA_RESP_ERR_NO_ERROR:
        if state.undelivered == nil { state.undelivered = KafkaFault(code) }
      default:
        state.delivered[message.partition] = message.offset
      }
    }
  }
}

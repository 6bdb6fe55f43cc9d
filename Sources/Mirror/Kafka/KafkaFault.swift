import CRdKafka

/// What librdkafka or a broker answered instead of doing it.
package struct KafkaFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// `rd_kafka_resp_err_t`: below -1 of the library itself, else of a broker.
  package let code: Int32
  package let name: String
  /// For people; never with a secret in it.
  package let text: String
  /// The client can do nothing more, whatever is asked of it.
  package let isFatal: Bool
  /// The transaction that is open can only be aborted.
  package let needsAbort: Bool

  init(
    _ code: rd_kafka_resp_err_t, _ text: String? = nil, isFatal: Bool = false,
    needsAbort: Bool = false
  ) {
    self.code = code.rawValue
    name = String(cString: rd_kafka_err2name(code))
    self.text = text ?? String(cString: rd_kafka_err2str(code))
    self.isFatal = isFatal
    self.needsAbort = needsAbort
  }

  /// Takes over `error`; nil where there is none.
  init?(taking error: OpaquePointer?, _ secrets: KafkaSecrets) {
    guard let error else { return nil }
    self.init(
      rd_kafka_error_code(error), secrets.hidden(in: String(cString: rd_kafka_error_string(error))),
      isFatal: rd_kafka_error_is_fatal(error) != 0,
      needsAbort: rd_kafka_error_txn_requires_abort(error) != 0)
    rd_kafka_error_destroy(error)
  }

  static func timedOut(_ text: String) -> KafkaFault {
    KafkaFault(RD_KAFKA_RESP_ERR__TIMED_OUT, text)
  }

  /// There is no such topic.
  var isMissing: Bool {
    isOneOf(
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
  }

  static func missing(_ topic: String) -> KafkaFault {
    KafkaFault(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "there is no topic \(topic)")
  }

  /// The same for the transaction, with what it came of.
  func due(to cause: KafkaFault?) -> KafkaFault {
    guard let cause, !isFatal else { return self }
    return KafkaFault(
      rd_kafka_resp_err_t(rawValue: cause.code), cause.text, isFatal: isFatal,
      needsAbort: needsAbort)
  }

  /// Waiting longer changes nothing by itself.
  var isRefusal: Bool {
    text.contains("SSL handshake failed")
      || isOneOf(
        RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
        RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
  }

  func isOneOf(_ codes: rd_kafka_resp_err_t...) -> Bool {
    codes.contains { $0.rawValue == code }
  }

  package var description: String { "\(name): \(text)" }
}

/// Values that nobody may see in what is said.
struct KafkaSecrets: Sendable {
  private let values: [String]

  /// What is shorter would be found in words that are none.
  private static let lengthMin = 4

  init(_ values: [String] = []) { self.values = values.filter { $0.count >= Self.lengthMin } }

  func hidden(in text: String) -> String {
    values.reduce(text) { $0.replacing($1, with: "***") }
  }
}

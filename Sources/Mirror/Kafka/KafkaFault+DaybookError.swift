import CRdKafka
package import DaybookModel

extension KafkaFault {
  /// In words that say what to do. `what` is what was tried: "the topic x can't be written".
  package func asDaybookError(_ what: String) -> DaybookError {
    let (code, advice) = meaning
    return DaybookError(code, "\(what): \(text)\(advice.isEmpty ? "" : ": \(advice)")", cause: self)
  }

  private var meaning: (ErrorCode, String) {
    // A broker that speaks no TLS closes the connection, which is all that the library says by a code.
    if text.contains("SSL handshake failed") {
      return (.kafkaTLSFailed, "check the certificates, ssl.ca.location and security.protocol")
    }
    switch rd_kafka_resp_err_t(rawValue: code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE,
      RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
      RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return (.kafkaUnreachable, "check --brokers, and that enough brokers run")
    case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
      RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
      return (.kafkaRefused, "check the user, its password and the mechanism")
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return (.kafkaForbidden, "give the user the right to")
    case RD_KAFKA_RESP_ERR__SSL:
      return (.kafkaTLSFailed, "check the certificates and ssl.ca.location")
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return (.kafkaTopicMissing, "make it with 'daybook mirror plan --yes'")
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return (.kafkaRecordTooLarge, "raise max.message.bytes of the topic, and message.max.bytes")
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return (.kafkaThrottled, "wait, or have the quota raised")
    case RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      return (
        .mirrorFenced, "another mirror of this log writes to this topic now; let one of them run"
      )
    default: return (.kafkaFailed, "")
    }
  }

  package var isFenced: Bool { meaning.0 == .mirrorFenced }

  /// The brokers know of no transactions.
  package var isUnsupported: Bool {
    isOneOf(RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION)
  }
}

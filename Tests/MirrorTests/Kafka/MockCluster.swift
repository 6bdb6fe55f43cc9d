import CRdKafka
import Mirror
import Testing

/// Brokers inside this process, which fail as they are told to. What is aborted stays in their
/// topics, so they are for what a mirror does and says when something fails, not for what comes of it.
///
/// `@unchecked Sendable`: the library locks what it has.
final class MockCluster: @unchecked Sendable {
  /// By their numbers in Kafka's protocol.
  enum Request: Int16 {
    case produce = 0
    case fetch = 1
    case findCoordinator = 10
    case initProducerID = 22
    case addPartitions = 24
    case endTransaction = 26
  }

  private let client: OpaquePointer
  private let cluster: OpaquePointer
  let brokerCount: Int32

  init(brokers: Int32 = 1) throws {
    var text = [CChar](repeating: 0, count: 256)
    let conf = rd_kafka_conf_new()
    client = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, conf, &text, text.count))
    cluster = try #require(rd_kafka_mock_cluster_new(client, brokers))
    brokerCount = brokers
  }

  deinit {
    rd_kafka_mock_cluster_destroy(cluster)
    rd_kafka_destroy(client)
  }

  var address: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

  func make(_ topic: String, partitions: Int) {
    rd_kafka_mock_topic_create(cluster, topic, Int32(partitions), 1)
  }

  /// The next requests of this kind are answered so.
  func fail(_ request: Request, _ codes: [rd_kafka_resp_err_t]) {
    rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, codes)
  }

  func answersAgain(_ request: Request) {
    rd_kafka_mock_clear_request_errors(cluster, request.rawValue)
  }

  func goDown() { for broker in 1...brokerCount { rd_kafka_mock_broker_set_down(cluster, broker) } }
  func comeUp() { for broker in 1...brokerCount { rd_kafka_mock_broker_set_up(cluster, broker) } }

  func set(_ topic: String, _ code: rd_kafka_resp_err_t) {
    rd_kafka_mock_topic_set_error(cluster, topic, code)
  }
}

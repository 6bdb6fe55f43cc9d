import DaybookModel
import FoundationEssentials
import Metrics
import NIOConcurrencyHelpers

/// What is counted of a mirror (`schemas/metrics.md`).
final class MirrorMetrics: Sendable {
  let events: Counter
  let transactions: Counter
  let commitDuration: Timer
  let lagSeconds: Meter
  let restarts: Counter
  let throttled: Timer
  private let lagEvents: [Meter]
  private let queuedRecords: Meter
  private let sentBytes: Counter
  private let brokerDelay: Meter
  private let failures: [ErrorCode: Counter]
  private let lastSent = NIOLockedValueBox<[String: Int64]>([:])

  init(topic: String, partitions: Int, _ factory: any MetricsFactory) {
    let labels = [("topic", topic)]
    func counter(_ name: String) -> Counter {
      Counter(label: "daybook_mirror_\(name)", dimensions: labels, factory: factory)
    }
    func gauge(_ name: String, _ more: [(String, String)] = []) -> Meter {
      Meter(label: "daybook_mirror_\(name)", dimensions: labels + more, factory: factory)
    }
    func timer(_ name: String) -> Timer {
      Timer(label: "daybook_mirror_\(name)", dimensions: labels, factory: factory)
    }
    let codes = Self.codes.map { code in
      let all = labels + [("code", code.name)]
      return (
        code,
        Counter(label: "daybook_mirror_failures_total", dimensions: all, factory: factory)
      )
    }
    failures = Dictionary(uniqueKeysWithValues: codes)
    events = counter("mirrored_events_total")
    transactions = counter("committed_transactions_total")
    restarts = counter("restarts_total")
    sentBytes = counter("sent_bytes_total")
    commitDuration = timer("commit_duration_seconds")
    throttled = timer("throttled_duration_seconds")
    lagSeconds = gauge("lag_seconds")
    queuedRecords = gauge("queued_records")
    brokerDelay = gauge("broker_round_trip_seconds")
    lagEvents = (0..<partitions).map { gauge("lag_events", [("partition", "\($0)")]) }
  }

  func lag(_ partition: PartitionID, _ events: UInt64) { lagEvents[partition.index].set(events) }

  func failed(_ error: DaybookError) {
    (failures[error.code] ?? failures[.kafkaFailed])?.increment()
  }

  /// What a mirror fails with; all else counts as `kafka_failed`.
  private static let codes: [ErrorCode] = [
    .kafkaUnreachable, .kafkaRefused, .kafkaForbidden, .kafkaTLSFailed, .kafkaTopicMissing,
    .kafkaTopicUnfit, .kafkaRecordTooLarge, .kafkaThrottled, .kafkaFailed, .mirrorFenced,
    .mirrorOfAnother, .mirrorTopicLost, .logRolledBack, .truncated, .logCorrupt, .formatVersion,
  ]

  /// What librdkafka counts of a client, of which it tells as JSON.
  func statistics(_ json: [UInt8]) {
    guard let told = try? JSONDecoder().decode(Statistics.self, from: Data(json)) else { return }
    queuedRecords.set(told.msg_cnt)
    let before = lastSent.withLockedValue { $0.updateValue(told.tx_bytes, forKey: told.name) } ?? 0
    sentBytes.increment(by: max(0, told.tx_bytes - before))
    let delays = told.brokers.values.compactMap(\.rtt?.p99)
    if let longest = delays.max() { brokerDelay.set(Double(longest) / 1_000_000) }
  }

  /// As librdkafka's STATISTICS.md names them; times are in microseconds.
  private struct Statistics: Decodable {
    struct Broker: Decodable {
      struct Window: Decodable { var p99: Int64 }
      var rtt: Window?
    }
    var name: String
    var msg_cnt: Int64
    var tx_bytes: Int64
    var brokers: [String: Broker]
  }
}

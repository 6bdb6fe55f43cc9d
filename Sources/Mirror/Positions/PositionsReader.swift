package import DaybookModel
package import Logging
import NIOCore

/// What the offsets topic says of one topic's mirror, read to its end.
package final class PositionsReader {
  package private(set) var claim: MirrorClaim?
  package private(set) var positions: [PartitionID: MirrorPosition] = [:]
  /// When positions were committed of late, and what they had passed in all, oldest first.
  package private(set) var progress: [(time: Timestamp, passed: Int64)] = []

  private let configuration: KafkaConfiguration
  private let offsetsTopic: String
  private let topic: String
  private let logger: Logger
  private let topics: KafkaTopics
  private var next: Int64?

  /// All of the offsets topic: what is done in one transaction is read in one order.
  package static let partition: Int32 = 0
  /// Longer than a transaction may be left open.
  private static let patience = Duration.seconds(90)
  private static let progressMillisecondsMax: UInt64 = 60_000

  /// Throws `invalid_argument`.
  package init(
    _ configuration: KafkaConfiguration, topics: KafkaTopics, offsetsTopic: String, topic: String,
    logger: Logger
  ) throws(DaybookError) {
    self.configuration = configuration
    self.topics = topics
    self.offsetsTopic = offsetsTopic
    self.topic = topic
    self.logger = logger
  }

  /// Goes on to the end that the topic has now. What is committed behind an open transaction of another
  /// mirror is seen only when that one has ended, so it is waited for: an end before the topic's own
  /// would hide commits, and events would be mirrored twice. Throws `kafka_unreachable` and its like,
  /// `format_version`.
  package func readToEnd(
    isUnwanted: () -> Bool = { false }
  ) throws(DaybookError) {
    do throws(KafkaFault) {
      let end = try topics.end(of: offsetsTopic, Self.partition)
      if next ?? 0 >= end { return }
      let reader = try KafkaReader.opened(configuration, logger: logger)
      try reader.begin(offsetsTopic, Self.partition, at: next ?? KafkaReader.beginning)
      try read(reader, upTo: end, isUnwanted)
    } catch {
      throw (error.isMissing ? .missing(offsetsTopic) : error).asDaybookError(
        "the positions in \(offsetsTopic) can't be read")
    }
    if let failure {
      self.failure = nil
      throw failure
    }
  }

  /// What a record was that could not be understood.
  private var failure: DaybookError?

  private func read(
    _ reader: KafkaReader, upTo end: Int64, _ isUnwanted: () -> Bool
  ) throws(KafkaFault) {
    let deadline = ContinuousClock.now + Self.patience
    var at = next ?? 0
    var isAtEnd = false
    while !isAtEnd, failure == nil, !isUnwanted() {
      guard ContinuousClock.now < deadline else {
        throw KafkaFault.timedOut(
          "read up to offset \(at) of \(end), behind which somebody's transaction is still open")
      }
      try reader.read(wait: .milliseconds(100)) { met throws(KafkaFault) in
        switch met {
        case .record(let record):
          take(record)
          at = record.offset + 1
        case .end(_, let offset):
          at = offset
          isAtEnd = offset >= end
        }
      }
    }
    next = at
  }

  private func take(_ record: KafkaReader.Record) {
    guard let value = record.value else { return }
    do throws(DaybookError) {
      switch try OffsetsRecord(key: Array(record.key), value: Array(value), topic: topic) {
      case nil: break
      case .claim(let claim): self.claim = claim
      case .position(let position):
        positions[position.partition] = position
        note(at: Timestamp(milliseconds: UInt64(max(0, record.timestampMilliseconds))))
      }
    } catch {
      failure = failure ?? error
    }
  }

  private func note(at time: Timestamp) {
    let passed = positions.values.reduce(0) { $0 + $1.next.rawValue - $1.start.rawValue }
    progress.append((time, passed))
    // A tail of it, dropped now and then so that it costs nothing each time.
    guard progress.count > 10_000 else { return }
    let oldest = time.milliseconds - min(time.milliseconds, Self.progressMillisecondsMax)
    progress.removeAll { $0.time.milliseconds < oldest }
    if progress.count > 10_000 { progress.removeFirst(progress.count - 5_000) }
  }
}

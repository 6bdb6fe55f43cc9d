import DaybookModel
import Foundation
package import Logging
import Mirror
import Ports
import Server

/// A log mirrored into Kafka: catching up, beside librdkafka alone with the same records in the same
/// transactions; and how far behind the topic is while events come at a rate.
package struct MirrorBench: Sendable {
  package struct Load: Sendable {
    package var events: Int
    package var messageBytes: Int
    package var partitions: Int
    /// Events a second while the lag is measured, and for how long.
    package var rate: Int
    package var seconds: Int

    package init(events: Int, messageBytes: Int, partitions: Int, rate: Int, seconds: Int) {
      self.events = events
      self.messageBytes = messageBytes
      self.partitions = partitions
      self.rate = rate
      self.seconds = seconds
    }
  }

  private let brokers: String
  private let load: Load
  private let producers: Int
  private let transactionEvents: Int
  private let logger: Logger

  package init(
    brokers: String, load: Load, producers: Int, transactionEvents: Int, logger: Logger
  ) {
    self.brokers = brokers
    self.load = load
    self.producers = producers
    self.transactionEvents = transactionEvents
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    try EmbeddedLog.create(in: "\(folder)/log", partitions: load.partitions)
    let log = try EmbeddedLog.open(in: "\(folder)/log", logger: logger)
    defer { log.close() }
    let filled = BenchLog(log, messageBytes: load.messageBytes)
    try await filled.fill(load.events)
    // Before and after: what else the machine does weighs on either.
    let before = try await bare(log)
    let mirrored = try await mirrored(log)
    let bare = max(before, try await bare(log))
    let lag = try await lag(filled)
    return BenchResult(
      fields: [
        ("bench", .text("mirror")),
        ("events_per_s", .integer(Int(mirrored))),
        ("bare_events_per_s", .integer(Int(bare))),
        ("of_bare", .ratio(mirrored / bare)),
        ("events", .integer(load.events)),
        ("producers", .integer(producers)),
        ("transaction_events", .integer(transactionEvents)),
        ("rate", .integer(load.rate)),
      ] + lag)
  }

  /// Topics of its own, which are gone after it.
  private func withTopics<R: Sendable>(
    _ log: any OpenLog, _ body: (MirrorSettings) async throws -> R
  ) async throws -> R {
    let topics = try await BenchTopics(brokers, of: log, logger) { settings in
      settings.producers = producers
      settings.transactionEventsMax = transactionEvents
    }
    let result = try await body(topics.settings)
    try await topics.remove()
    return result
  }

  // MARK: catching up

  private func bare(_ log: any OpenLog) async throws -> Double {
    try await withTopics(log) { settings in
      let prepared = try BareMirror(
        settings, brokers: brokers, log: log, transactionEvents: transactionEvents)
      return try await BenchTopics.waiting { try prepared.run() }
    }
  }

  /// Events a second, from when the mirror knew where to begin until all was committed.
  private func mirrored(_ log: any OpenLog) async throws -> Double {
    try await withTopics(log) { settings in
      var conditions = LogMirror.Conditions()
      conditions.endsAtHead = true
      conditions.givesUpAtStart = true
      let mirror = LogMirror(
        settings, log: MirroredLog(log), conditions: conditions, clock: SystemClock(),
        logger: logger)
      let ends = AsyncStream<DaybookError?>.makeStream()
      mirror.start { error in
        ends.continuation.yield(error)
        ends.continuation.finish()
      }
      let began = try await BenchTopics.waiting {
        while mirror.progress.phase == .starting { usleep(200) }
        return DispatchTime.now().uptimeNanoseconds
      }
      for await error in ends.stream {
        if let error { throw error }
      }
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9
      return Double(mirror.progress.events) / seconds
    }
  }

  // MARK: lag

  private func lag(_ filled: BenchLog) async throws -> [BenchField] {
    try await withTopics(filled.log) { settings in
      var settings = settings
      settings.begins = .atHead
      let commits = CommitTimes()
      var conditions = LogMirror.Conditions()
      conditions.committed = { commits.add($0) }
      let mirror = LogMirror(
        settings, log: MirroredLog(filled.log), conditions: conditions, clock: SystemClock(),
        logger: logger)
      mirror.start()
      let watch = LagWatch(mirror.progress)
      watch.start()
      while mirror.progress.positions.isEmpty {
        if case .ended(let error?) = mirror.progress.phase { throw error }
        try await ContinuousClock().sleep(for: .milliseconds(5))
      }
      try await offer(to: filled, watch)
      try await watch.finish()
      try await BenchTopics.waiting { mirror.stop() }
      return [
        ("lag_p50_us", .integer(watch.latencies.value(at: 50))),
        ("lag_p99_us", .integer(watch.latencies.value(at: 99))),
        ("lag_max_us", .integer(watch.latencies.value(at: 100))),
        ("commit_p50_us", .integer(commits.latencies.value(at: 50))),
        ("commit_p99_us", .integer(commits.latencies.value(at: 99))),
      ]
    }
  }

  private func offer(to filled: BenchLog, _ watch: LagWatch) async throws {
    watch.expects(load.rate * load.seconds)
    let clock = ContinuousClock()
    let (start, began) = (clock.now, DispatchTime.now().uptimeNanoseconds)
    for number in 0..<load.rate * load.seconds {
      let due = UInt64(number) * 1_000_000_000 / UInt64(load.rate)
      if DispatchTime.now().uptimeNanoseconds < began + due {
        try await clock.sleep(until: start + .nanoseconds(Int64(due)), tolerance: .zero)
      }
      filled.append { batch in
        watch.logged(batch.partition, batch.baseOffset, due: began + due)
      }
    }
  }
}

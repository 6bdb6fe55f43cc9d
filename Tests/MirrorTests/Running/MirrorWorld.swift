import DaybookModel
import DaybookSchema
import Doubles
import Foundation
import Logging
import Metrics
import Mirror
import NIOConcurrencyHelpers
import Ports
import Testing

/// A log in memory, and a topic of its own on a broker.
final class MirrorWorld: Sendable {
  let log: MemoryLog
  let broker: KafkaBroker
  let name = "t-\(UUID().uuidString.prefix(8))"
  let recording = RecordingLog()

  static let streams = (0..<12).map { "group/g\($0)" }

  init(_ log: MemoryLog = MemoryLog(partitions: 3), broker: KafkaBroker? = nil) throws {
    self.log = log
    self.broker = try broker ?? KafkaBroker.shared()
  }

  var mirrored: MirroredLog { MirroredLog(log) }

  /// Further ones of the library's, for tests that can't wait as long as a user would.
  func settings(
    _ properties: [(String, String)] = [], _ change: (inout MirrorSettings) -> Void = { _ in }
  ) throws -> MirrorSettings {
    let all = properties.map { KafkaConfiguration.Property($0.0, $0.1) }
    var settings = MirrorSettings(
      kafka: try KafkaConfiguration(brokers: broker.address, properties: all))
    settings.topic = name
    settings.offsetsTopic = "\(name)-offsets"
    settings.transactionEventsMax = 50
    change(&settings)
    return settings
  }

  /// Logs so many messages over all streams.
  func add(_ count: Int) throws { try Self.add(count, to: log) }

  static func add(_ count: Int, to log: MemoryLog) throws {
    let first = (0..<log.partitionCount).reduce(0) {
      $0 + Int(log.highWatermark(of: PartitionID($1)).rawValue)
    }
    let events = try (first..<first + count).map { number in
      Event(
        stream: try StreamKey(parsing: Self.streams[number % Self.streams.count]),
        seq: Seq(UInt64(number / Self.streams.count + 1)),
        messageID: MessageID(ticks: UInt64(number + 1), partition: PartitionID(0)),
        recordedAt: Timestamp(milliseconds: 1_700_000_000_000 + UInt64(number)),
        actor: Actor(user: try UserID("ann")),
        body: .messageSent(Message(content: ContentCoding.text("message \(number)"))))
    }
    log.append(events)
  }

  func addLarge(bytes: Int) throws {
    log.append([
      Event(
        stream: try StreamKey(parsing: Self.streams[0]), seq: Seq(1_000_000),
        recordedAt: Timestamp(milliseconds: 1_700_000_000_000),
        actor: Actor(user: try UserID("ann")),
        body: .messageSent(
          Message(content: ContentCoding.text(String(repeating: "x", count: bytes)))))
    ])
  }

  /// Makes the topics.
  func plan(_ settings: MirrorSettings) async throws {
    try await Blocking.run { [mirrored, recording] in
      let planner = try MirrorPlanner(
        settings, log: mirrored, replicas: nil, logger: recording.logger)
      for plan in try planner.plans() { try planner.carryOut(plan) }
    }
  }

  func mirror(
    _ settings: MirrorSettings, untilHead: Bool = false, givesUp: Bool = true,
    metrics: any MetricsFactory = NOOPMetricsHandler.instance,
    isPaused: @escaping @Sendable () -> Bool = { false }, log: MirroredLog? = nil
  ) -> RunningMirror {
    var conditions = LogMirror.Conditions()
    conditions.endsAtHead = untilHead
    conditions.givesUpAtStart = givesUp
    conditions.isPaused = isPaused
    return RunningMirror(
      LogMirror(
        settings, log: log ?? mirrored, conditions: conditions, clock: TestClock(),
        logger: recording.logger, metrics: metrics))
  }

  /// Mirrors all that there is.
  func catchUp(_ settings: MirrorSettings) async throws {
    let mirror = mirror(settings, untilHead: true)
    if let error = await mirror.ended() { throw error }
  }

  /// Waits until all that is in the log now is in the topic.
  func waitUntilMirrored(_ mirror: RunningMirror) async throws {
    try await Self.wait(mirror, for: log)
  }

  static func wait(_ mirror: RunningMirror, for log: MemoryLog) async throws {
    while !(0..<log.partitionCount).allSatisfy({ index in
      let partition = PartitionID(index)
      return mirror.progress.positions[partition] == log.highWatermark(of: partition)
    }) {
      if case .ended(let error) = mirror.progress.phase {
        throw error ?? DaybookError(.cancelled, "it ended")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  // MARK: what came of it

  /// What a reader of committed records finds, by partition: offset in the log and value.
  func topic(_ settings: MirrorSettings) async throws -> [[Found]] {
    try await Blocking.run { [log, recording] in
      try (0..<log.partitionCount).map { partition in
        try TopicContents.read(
          settings.kafka, settings.topic, Int32(partition), logger: recording.logger)
      }
    }
  }

  /// What it has to find.
  func expected(from first: Offset = .zero) throws -> [[Found]] {
    try (0..<log.partitionCount).map { index in
      var found: [Found] = []
      for batch in log.batches(PartitionID(index)) {
        try batch.forEachEvent { at, event throws(DaybookError) in
          let offset = batch.offset(of: at)
          guard offset >= first else { return }
          found.append(Found(offset: offset.rawValue, value: Array(event)))
        }
      }
      return found
    }
  }

  /// What the topic has otherwise than the log, in words; nil where it is equal.
  func difference(_ settings: MirrorSettings) async throws -> String? {
    for (partition, (found, expected)) in zip(try await topic(settings), try expected())
      .enumerated()
    where found != expected {
      let counts = Dictionary(found.map { ($0.offset, 1) }, uniquingKeysWith: +)
      let doubled = counts.filter { $0.value > 1 }.keys.sorted()
      let missing = expected.map(\.offset).filter { counts[$0] == nil }
      return "partition \(partition) has \(found.count) of \(expected.count) events; doubled: "
        + "\(doubled), missing: \(missing)"
    }
    return nil
  }

  /// The last value of each key of the groups' topic, by key; those that are gone left out.
  func groups(_ settings: MirrorSettings) async throws -> [String: [UInt8]] {
    let topic = try #require(settings.groupsTopic)
    return try await Blocking.run { [log, recording] in
      var rows: [String: [UInt8]] = [:]
      for partition in 0..<log.partitionCount {
        try TopicContents.forEach(
          settings.kafka, topic, Int32(partition), logger: recording.logger
        ) { record in
          rows[String(decoding: record.key, as: UTF8.self)] = record.value.map { Array($0) }
        }
      }
      return rows
    }
  }

  func positions(_ settings: MirrorSettings) async throws -> (
    MirrorClaim?, [PartitionID: MirrorPosition]
  ) {
    try await Blocking.run { [recording] in
      let topics = try KafkaTopics(
        settings.kafka, timeout: .seconds(30), logger: recording.logger)
      let reader = try PositionsReader(
        settings.kafka, topics: topics, offsetsTopic: settings.offsetsTopic, topic: settings.topic,
        logger: recording.logger)
      try reader.readToEnd()
      return (reader.claim, reader.positions)
    }
  }
}

/// A record as tests compare it.
struct Found: Equatable, Sendable {
  /// As `ce_sequence` says.
  var offset: Int64
  var value: [UInt8]
}

enum TopicContents {
  static func read(
    _ kafka: KafkaConfiguration, _ topic: String, _ partition: Int32, logger: Logger
  ) throws -> [Found] {
    var found: [Found] = []
    try forEach(kafka, topic, partition, logger: logger) { record in
      var sequence: Int64 = -1
      record.forEachHeader { name, value in
        guard name == "ce_sequence" else { return }
        sequence = Int64(String(decoding: value, as: UTF8.self)) ?? -1
      }
      found.append(Found(offset: sequence, value: record.value.map { Array($0) } ?? []))
    }
    return found
  }

  static func forEach(
    _ kafka: KafkaConfiguration, _ topic: String, _ partition: Int32, logger: Logger,
    _ visit: (KafkaReader.Record) -> Void
  ) throws {
    let topics = try KafkaTopics(kafka, timeout: .seconds(30), logger: logger)
    let end = try topics.end(of: topic, partition)
    let reader = try KafkaReader(kafka, logger: logger)
    try reader.begin(topic, partition, at: -2)
    var isAtEnd = false
    while !isAtEnd {
      try reader.read(wait: .milliseconds(100)) { met throws(KafkaFault) in
        switch met {
        case .record(let record): visit(record)
        case .end(_, let offset): isAtEnd = offset >= end
        }
      }
    }
  }
}

/// A mirror that runs beside the test.
final class RunningMirror: Sendable {
  private let mirror: LogMirror
  private let end = NIOLockedValueBox<DaybookError??>(nil)

  var progress: MirrorProgress { mirror.progress }

  init(_ mirror: LogMirror) {
    self.mirror = mirror
    mirror.start { [end] error in end.withLockedValue { $0 = .some(error) } }
  }

  /// Why it ended by itself.
  func ended() async -> DaybookError? {
    while true {
      if let error = end.withLockedValue({ $0 }) { return error }
      try? await Task.sleep(for: .milliseconds(5))
    }
  }

  @discardableResult
  func stop() async -> DaybookError? {
    await Blocking.run { [mirror] in mirror.stop() }
    return await ended()
  }
}

/// Work that waits, off the threads that tests share.
enum Blocking {
  static func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }

  static func run<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: body()) }
    }
  }
}

/// The machine's.
struct TestClock: WallClock {
  func now() -> Timestamp {
    Timestamp(milliseconds: UInt64(Date().timeIntervalSince1970 * 1_000))
  }
}

import DaybookModel
import Foundation
import Logging
import Mirror
import Ports
import Server

/// Topics of one run's mirror.
struct BenchTopics {
  let settings: MirrorSettings
  private let logger: Logger
  /// The description that a server is given.
  private var path: String?

  /// Of a log that is open.
  init(
    _ brokers: String, of log: any OpenLog, _ logger: Logger,
    _ change: (inout MirrorSettings) -> Void = { _ in }
  ) async throws {
    var settings = MirrorSettings(kafka: try KafkaConfiguration(brokers: brokers))
    settings.topic = "bench-\(UUID().uuidString)"
    settings.offsetsTopic = "\(settings.topic)-offsets"
    change(&settings)
    self.settings = settings
    self.logger = logger
    let made = settings
    try await Self.waiting {
      let planner = try MirrorPlanner(
        made, log: MirroredLog(log), replicas: nil, logger: logger)
      for plan in try planner.plans() { try planner.carryOut(plan) }
    }
  }

  /// Of a data folder that nobody serves yet.
  init(
    _ brokers: String, of data: DataFolder, in folder: String, _ logger: Logger
  ) async throws {
    let log = try EmbeddedLog.open(in: data.logPath, logger: logger)
    defer { log.close() }
    try await self.init(brokers, of: log, logger)
    let path = "\(folder)/kafka.yaml"
    let text =
      "brokers: \(brokers)\ntopic: \(settings.topic)\noffsets_topic: \(settings.offsetsTopic)\n"
      + "groups_topic: none\n"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    self.path = path
  }

  var serveOptions: [String] { path.map { ["--mirror", $0] } ?? [] }

  /// How far the topic is behind the log of a folder.
  func lag(behind data: DataFolder) async throws -> Int {
    let open = try OpenData(data, catchesUp: false, logger: logger)
    defer { open.close() }
    let log = MirroredLog(open.log)
    return try await Self.waiting { [settings, logger] in
      Int(
        try MirrorReport(settings, log: log, clock: SystemClock(), logger: logger).lagEvents)
    }
  }

  func remove() async throws {
    try await Self.waiting { [settings, logger] in
      let topics = try KafkaTopics(settings.kafka, timeout: settings.timeout, logger: logger)
      for topic in [settings.topic, settings.offsetsTopic] { try topics.remove(topic) }
    }
  }

  /// Off the threads that all share.
  static func waiting<R: Sendable>(
    _ body: @escaping @Sendable () throws -> R
  ) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }
}

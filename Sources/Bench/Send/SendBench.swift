import DaybookModel
package import Logging
import Ports
import Server

/// Messages to groups over TCP, each answered when it is synced: what a send costs, without a chat around
/// it. Services are pushed nothing; a device alone in its groups is pushed its own messages, and acks them.
package struct SendBench: Sendable {
  private let partitions: Int
  private let messageBytes: Int
  private let connections: Int
  /// Messages that a connection has unanswered at most.
  private let window: Int
  /// Of all services together, or of each device.
  private let groups: Int
  private let isService: Bool
  private let dropsRefused: Bool
  private let offered: Offered
  private let logger: Logger

  package init(
    partitions: Int, messageBytes: Int, connections: Int, window: Int, groups: Int,
    isService: Bool, dropsRefused: Bool, offered: Offered, logger: Logger
  ) {
    self.partitions = partitions
    self.messageBytes = messageBytes
    self.connections = connections
    self.window = window
    self.groups = groups
    self.isService = isService
    self.dropsRefused = dropsRefused
    self.offered = offered
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    let data = try DataFolder.make(at: "\(folder)/data", partitions: partitions)
    let owners = isService ? 1 : connections
    try await GroupMaking.run(data, joins: owners * groups, logger: logger) { make in
      for owner in 0..<owners {
        for stream in streams(of: owner) {
          try await make.member(SendBench.user(owner), of: stream, creates: true)
        }
      }
    }
    let plans = try await plans(data)
    let server = try ServerProcess(data: data.path)
    defer { server.stop() }
    let isService = isService
    let figures = try await LoadRun.with(plans, of: server) { run in
      try await run.connect()
      return try await run.measure(offered) { sent in isService ? sent.map { _ in 0 } : sent }
    }
    var fields: [BenchField] = [
      ("bench", .text("send")),
      ("messages_per_s", .integer(Int(Double(figures.messages) / figures.seconds))),
      ("connections", .integer(connections)), ("window", .integer(window)),
      ("service", .integer(isService ? 1 : 0)), ("rate", .integer(offered.rate)),
    ]
    if dropsRefused {
      let refused = Double(figures.refused) / figures.seconds
      fields.append(("refused_per_s", .integer(Int(refused))))
    }
    return BenchResult(fields: fields + figures.latencies.fields + figures.cost.fields)
  }

  private static func user(_ index: Int) -> UserID { UserID(checked: "user-\(index)") }

  private func streams(of owner: Int) -> [StreamKey] {
    (0..<groups).map { .group(GroupID(checked: "group-\(owner)-\($0)")) }
  }

  private func plans(_ data: DataFolder) async throws -> [LoadClient.Plan] {
    let tokens = try await data.tokens()
    var plans: [LoadClient.Plan] = []
    for index in 0..<connections {
      let owner = isService ? 0 : index
      let token = try await tokens.issue(
        isService
          ? .service(ServiceID(checked: "bench"))
          : .device(SendBench.user(owner), DeviceID(checked: "bench")),
        expiresInSeconds: DataFolder.tokenSeconds.standard)
      plans.append(
        LoadClient.Plan(
          user: SendBench.user(owner), origin: "bench-\(index)", isService: isService,
          token: token, targets: streams(of: owner), window: window, messageBytes: messageBytes,
          dropsRefused: dropsRefused))
    }
    return plans
  }
}

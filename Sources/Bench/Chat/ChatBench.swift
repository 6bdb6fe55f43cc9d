import DaybookModel
import Dispatch
package import Logging
import Ports
import Server

/// Users in pairs, or in groups, over TCP: every message synced, pushed to whom it is for, and acked by all
/// of them.
package struct ChatBench: Sendable {
  private let partitions: Int
  private let messageBytes: Int
  /// Users, in pairs, or in groups of so many.
  private let users: Int
  /// Nil for pairs.
  private let groupOf: Int?
  private let offered: Offered
  /// Messages that a user has unanswered at most.
  private let window: Int
  private let dropsRefused: Bool
  /// Of the server; nil for as many as there are.
  private let serverCores: Int?
  private let logger: Logger

  /// Kafka's, into which the server mirrors meanwhile; nil for none.
  private let brokers: String?

  package init(
    partitions: Int, messageBytes: Int, users: Int, groupOf: Int?, offered: Offered, window: Int,
    dropsRefused: Bool, serverCores: Int?, brokers: String?, logger: Logger
  ) {
    self.partitions = partitions
    self.messageBytes = messageBytes
    self.users = users
    self.groupOf = groupOf
    self.offered = offered
    self.window = window
    self.dropsRefused = dropsRefused
    self.serverCores = serverCores
    self.brokers = brokers
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    let data = try DataFolder.make(at: "\(folder)/data", partitions: partitions)
    let tokens = try await data.tokens()
    if groupOf != nil { try await makeGroups(data) }
    var topics: BenchTopics?
    if let brokers { topics = try await BenchTopics(brokers, of: data, in: folder, logger) }
    let server = try ServerProcess(
      data: data.path, topics?.serveOptions ?? [], cores: serverCores)
    defer { server.stop() }

    var plans: [LoadClient.Plan] = []
    for index in 0..<users {
      let user = ChatBench.user(index)
      let token = try await tokens.issue(
        .device(user, DeviceID(checked: "bench")),
        expiresInSeconds: DataFolder.tokenSeconds.standard)
      plans.append(
        LoadClient.Plan(
          user: user, origin: user.text, token: token,
          targets: [group(of: index) ?? .user(ChatBench.user(index ^ 1))], window: window,
          messageBytes: messageBytes, dropsRefused: dropsRefused))
    }
    let (groupOf, dropsRefused) = (groupOf, dropsRefused)
    let (figures, lag) = try await LoadRun.with(plans, of: server) { run in
      if groupOf == nil, !dropsRefused { run.pairUp() }
      try await run.connect()
      let figures = try await run.measure(offered) { ChatBench.received(of: $0, groupOf) }
      return (figures, try await projectionLag(data))
    }
    var fields: [BenchField] = [
      ("bench", .text("chat")),
      ("messages_per_s", .integer(Int(Double(figures.messages) / figures.seconds))),
      ("projection_lag_s", .ratio(lag)),
      ("users", .integer(users)), ("group_of", .integer(groupOf ?? 0)),
      ("window", .integer(window)), ("rate", .integer(offered.rate)),
    ]
    if dropsRefused {
      let refused = Double(figures.refused) / figures.seconds
      fields.append(("refused_per_s", .integer(Int(refused))))
    }
    fields += figures.latencies.fields
    if let deliveries = figures.deliveries { fields += deliveries.fields(prefix: "delivered_") }
    if let topics {
      fields.append(("mirror_lag_events", .integer(try await topics.lag(behind: data))))
      try await topics.remove()
    }
    return BenchResult(fields: fields + figures.cost.fields)
  }

  /// Of so many messages of each, how many come to each: the partner's, or all of the group, the own
  /// ones among them.
  private static func received(of sent: [Int], _ groupOf: Int?) -> [Int] {
    guard let groupOf else { return sent.indices.map { sent[$0 ^ 1] } }
    return sent.indices.map { index in
      let first = index / groupOf * groupOf
      return sent[first..<first + groupOf].reduce(0, +)
    }
  }

  private static func user(_ index: Int) -> UserID { UserID(checked: "user-\(index)") }

  private func group(of index: Int) -> StreamKey? {
    groupOf.map { .group(GroupID(checked: "group-\(index / $0)")) }
  }

  /// Before the server has the folder.
  private func makeGroups(_ data: DataFolder) async throws {
    guard let groupOf else { return }
    try await GroupMaking.run(data, joins: users, logger: logger) { make in
      for index in 0..<users {
        guard let stream = group(of: index) else { continue }
        try await make.member(
          ChatBench.user(index), of: stream, creates: index.isMultiple(of: groupOf))
      }
    }
  }

  /// Seconds until the projections have everything that was durable when this was called.
  private func projectionLag(_ folder: DataFolder) async throws -> Double {
    let data = try OpenData(folder, catchesUp: false, logger: logger)
    defer { data.close() }
    let start = DispatchTime.now().uptimeNanoseconds
    try await data.queries.waitForHead()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
  }
}

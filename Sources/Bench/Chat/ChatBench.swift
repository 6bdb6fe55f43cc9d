import DaybookModel
import Foundation
package import Logging
import NIOCore
import NIOPosix
import Ports
import Requests
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
  /// Messages of each user.
  private let messages: Int
  /// Messages that a user has unanswered at most.
  private let window: Int
  private let logger: Logger

  package init(
    partitions: Int, messageBytes: Int, users: Int, groupOf: Int?, messages: Int, window: Int,
    logger: Logger
  ) {
    self.partitions = partitions
    self.messageBytes = messageBytes
    self.users = users
    self.groupOf = groupOf
    self.messages = messages
    self.window = window
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    let data = try DataFolder.make(at: "\(folder)/data", partitions: partitions)
    let tokens = try await data.tokens()
    try await makeGroups(data)
    let server = try ServerProcess(data: data.path)
    defer { server.stop() }
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    var plans: [ChatUser.Plan] = []
    for index in 0..<users {
      let user = ChatBench.user(index)
      let token = try await tokens.issue(
        .device(user, DeviceID(checked: "bench")),
        expiresInSeconds: DataFolder.tokenSeconds.standard)
      plans.append(
        ChatUser.Plan(
          user: user, to: group(of: index) ?? .user(ChatBench.user(index ^ 1)),
          // A group's members are sent their own messages as well.
          expected: messages * (groupOf ?? 1), token: token, messages: messages, window: window,
          messageBytes: messageBytes))
    }
    let (seconds, outcomes) = try await chat(plans, server: server, loops: loops)
    let lag = try await projectionLag(data)
    try await loops.shutdownGracefully()

    var latencies = LatencyHistogram()
    for outcome in outcomes { latencies.merge(outcome.latencies) }
    return BenchResult(
      fields: [
        ("bench", .text("chat")),
        ("messages_per_s", .integer(Int(Double(users * messages) / seconds))),
        ("projection_lag_s", .ratio(lag)),
        ("users", .integer(users)), ("group_of", .integer(groupOf ?? 0)),
        ("window", .integer(window)),
      ] + latencies.fields)
  }

  private static func user(_ index: Int) -> UserID { UserID(checked: "user-\(index)") }

  private func group(of index: Int) -> StreamKey? {
    groupOf.map { .group(GroupID(checked: "group-\(index / $0)")) }
  }

  /// Before the server has the folder.
  private func makeGroups(_ data: DataFolder) async throws {
    guard let groupOf else { return }
    let backend = try Backend(
      Backend.Places(log: data.logPath, snapshots: data.statePath, projections: nil),
      logger: logger)
    let joined = EventCount(.groupJoined)
    backend.committed.subscribe(joined)
    try await backend.start()
    let commands = CommandAsker(backend.commands)
    for index in 0..<users {
      guard let stream = group(of: index) else { continue }
      let body: Command.Body =
        index % groupOf == 0 ? .createGroup(GroupSettings(title: stream.id)) : .join
      _ = try await commands.ask(
        Command(stream: stream, actor: Actor(user: ChatBench.user(index)), id: nil, body: body))
    }
    await joined.count(reaches: users)
    await backend.stop()
  }

  private func chat(
    _ plans: [ChatUser.Plan], server: ServerProcess, loops: MultiThreadedEventLoopGroup
  ) async throws -> (Double, [ChatUser.Outcome]) {
    var channels: [any Channel] = []
    var outcomes: [EventLoopFuture<ChatUser.Outcome>] = []
    for plan in plans {
      let loop = loops.next()
      let ready = loop.makePromise(of: Void.self)
      let done = loop.makePromise(of: ChatUser.Outcome.self)
      let channel = try await ClientBootstrap(group: loop)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              ChatUser(plan, ready: ready, done: done))
          }
        }
        .connect(host: server.host, port: server.port).get()
      try await ready.futureResult.get()
      channels.append(channel)
      outcomes.append(done.futureResult)
    }
    let start = DispatchTime.now().uptimeNanoseconds
    for channel in channels {
      channel.eventLoop.execute {
        // The handler was added above, on this loop.
        let user = try? channel.pipeline.syncOperations.handler(type: ChatUser.self)
        user?.begin(channel)
      }
    }
    var results: [ChatUser.Outcome] = []
    for outcome in outcomes { results.append(try await outcome.get()) }
    return (Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9, results)
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

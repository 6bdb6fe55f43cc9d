import DaybookModel
import Foundation
package import Logging
import NIOCore
import NIOPosix
import Ports
import Server

/// Users in pairs over TCP: every message synced, pushed to the partner and acked.
package struct ChatBench: Sendable {
  private let partitions: Int
  private let messageBytes: Int
  /// Users, in pairs.
  private let users: Int
  /// Messages of each user.
  private let messages: Int
  /// Messages that a user has unanswered at most.
  private let window: Int
  private let logger: Logger

  package init(
    partitions: Int, messageBytes: Int, users: Int, messages: Int, window: Int, logger: Logger
  ) {
    self.partitions = partitions
    self.messageBytes = messageBytes
    self.users = users
    self.messages = messages
    self.window = window
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    let data = try DataFolder.make(at: "\(folder)/data", partitions: partitions)
    let tokens = try await data.tokens()
    let server = try ServerProcess(data: data.path)
    defer { server.stop() }
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    var plans: [ChatUser.Plan] = []
    for index in 0..<users {
      let user = UserID(checked: "user-\(index)")
      let token = try await tokens.issue(
        .device(user, DeviceID(checked: "bench")),
        expiresInSeconds: DataFolder.tokenSeconds.standard)
      plans.append(
        ChatUser.Plan(
          user: user, partner: UserID(checked: "user-\(index ^ 1)"), token: token,
          messages: messages, window: window, messageBytes: messageBytes))
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
        ("users", .integer(users)),
        ("window", .integer(window)),
      ] + latencies.fields)
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

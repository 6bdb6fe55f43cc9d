import ArgumentParser
import DaybookModel
import Foundation
import Identity
import NIOCore
import NIOPosix
import Ports
import Projections
import SegmentLog

struct BenchChat: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Users in pairs over TCP: every message synced, pushed to the partner and acked.",
    discussion: """
      The server is a process of its own on the same machine, with all projections on. The
      figures include everything that follows from a message: the sender's own copy, the acks
      and the notices of delivery. projection_lag_s is how long the projections took, after the
      last message, to have everything.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Users, in pairs that write to each other.")
  var users = 100

  @Option(help: "Messages of each user.")
  var messages = 5_000

  @Option(help: "Messages that a user has unanswered at most.")
  var window = 16

  func validate() throws {
    guard users >= 2, users % 2 == 0, users <= 8_000 else {
      throw ValidationError("--users is an even number up to 8000")
    }
    guard messages > 0, (1...512).contains(window) else {
      throw ValidationError("--messages is at least 1, --window is 1 to 512")
    }
  }

  func run() async throws {
    try await options.report(by: "messages_per_s") { try await measure(folder: $0) }
  }

  private func measure(folder: String) async throws -> BenchResult {
    let data = try Init.make(at: "\(folder)/data", partitions: options.partitions)
    let reader = try SegmentLogReader.open(in: data.logPath, scanner: EventIndexer())
    let tokens = await TokenAuthority(
      secret: try Secret.load(at: data.secretPath), logID: reader.logID,
      now: { SystemClock().now() })
    let server = try ServerProcess(data: data.path)
    defer { server.stop() }
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    var plans: [ChatUser.Plan] = []
    for index in 0..<users {
      let user = UserID(checked: "user-\(index)")
      let token = try await tokens.issue(.device(user, DeviceID(checked: "bench")))
      plans.append(
        ChatUser.Plan(
          user: user, partner: UserID(checked: "user-\(index ^ 1)"), token: token,
          messages: messages, window: window, messageBytes: options.messageBytes))
    }
    let (seconds, outcomes) = try await chat(plans, server: server, loops: loops)
    let lag = try await projectionLag(data, reader)
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
  private func projectionLag(_ data: DataFolder, _ log: SegmentLogReader) async throws -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    let queries = QueryService(
      log: log, folder: data.projectionsPath, clock: SystemClock(), timeout: .seconds(60))
    try await queries.waitForHead()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
  }
}

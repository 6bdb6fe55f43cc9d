import DaybookModel
import NIOCore
import NIOPosix
import NIOSSL

/// How much a load offers.
package enum Offered: Sendable {
  /// So many messages of each connection, as fast as its window lets.
  case messages(Int)
  /// For so many seconds, after others that are not measured: so many a second over all connections, or,
  /// without a rate, as fast as their windows let.
  case seconds(Int, warmUp: Int, rate: Int?)
}

/// Clients of one server on a thread of their own, and what it costs that server to serve them.
final class LoadRun {
  private let server: ServerProcess
  private let clients: [LoadClient]
  private let figures: LoadFigures
  /// Of the clients; and where the server is looked at, so that nobody has to wait for that.
  private let loops: MultiThreadedEventLoopGroup
  private let loop: any EventLoop
  private let watcher: any EventLoop

  struct Figures: Sendable {
    var messages: Int
    var seconds: Double
    var cost: ServerCost
    var latencies: LatencyHistogram
    /// Messages that were refused for now, and given up.
    var refused: Int
    /// Nil where nobody knows whose message came.
    var deliveries: LatencyHistogram?
  }

  private init(_ plans: [LoadClient.Plan], server: ServerProcess) {
    self.server = server
    loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    (loop, watcher) = (loops.next(), loops.next())
    let (loop, figures) = (loop, LoadFigures())
    self.figures = figures
    clients = plans.map { LoadClient($0, figures, on: loop) }
  }

  /// Gives `body` the clients, who are all gone when this returns.
  static func with<T>(
    _ plans: [LoadClient.Plan], of server: ServerProcess,
    _ body: (LoadRun) async throws -> T
  ) async throws -> T {
    let run = LoadRun(plans, server: server)
    do {
      let result = try await body(run)
      try await run.close()
      return result
    } catch {
      try? await run.close()
      throw error
    }
  }

  private func close() async throws {
    try await loop.submit { [clients] in for client in clients { client.close() } }.get()
    try await loops.shutdownGracefully()
  }

  /// Each two write to each other alone.
  func pairUp() {
    for index in clients.indices { clients[index].writesOnly(to: clients[index ^ 1]) }
  }

  /// Lets all of them in, so many at a time, and returns once each has what it follows.
  /// `systemBytes`: so much each client's system may keep of what it was sent, if that is not its own choice.
  func connect(atOnce: Int = 1, systemBytes: Int? = nil) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<min(atOnce, clients.count) {
        group.addTask { [clients, loop, line = server.line] in
          for index in stride(from: lane, to: clients.count, by: atOnce) {
            try await LoadRun.connect(
              clients[index], to: line, on: loop, systemBytes: systemBytes)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private static func connect(
    _ client: LoadClient, to line: ServerLine, on loop: any EventLoop, systemBytes: Int?
  ) async throws {
    let (tls, isWebSocket) = (line.tls, line.isWebSocket)
    var bootstrap = ClientBootstrap(group: loop)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
    if let systemBytes {
      bootstrap = bootstrap.channelOption(
        .socketOption(.so_rcvbuf), value: SocketOptionValue(systemBytes))
    }
    _ =
      try await bootstrap
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            try pipeline.addHandler(
              try NIOSSLClientHandler(context: tls.context, serverHostname: nil))
          }
          if isWebSocket { try pipeline.addHandler(BenchWebSocket()) }
          try pipeline.addHandler(client)
        }
      }
      .connect(host: line.host, port: line.port).get()
    try await client.isReady.get()
  }

  /// Returns once everything is answered and has come to whom it is for: `expected` tells of how much
  /// each client was offered how much comes to each.
  func measure(
    _ offered: Offered, expecting expected: @escaping @Sendable ([Int]) -> [Int]
  ) async throws -> Figures {
    let messages: Int
    let cost: ServerCost
    switch offered {
    case .messages(let each):
      let calls = CallCount(server.identifier)
      let before = try server.usage()
      let start = NIODeadline.now()
      try await loop.submit { [clients] in for client in clients { client.send(upTo: each) } }.get()
      try await finish(expected)
      let seconds = LoadRun.seconds(since: start)
      messages = each * clients.count
      cost = ServerCost(
        before: before, after: try server.usage(), calls: calls?.stop(), messages: messages,
        seconds: seconds)
    case .seconds(let seconds, let warmUp, let rate):
      let start = NIODeadline.now() + .milliseconds(20)
      let offering = offer(for: warmUp + seconds, from: start, rate: rate)
      cost = try await watch(from: start + .seconds(Int64(warmUp)), for: seconds)
      try await offering.get()
      messages = cost.messages
      try await finish(expected)
    }
    return try await loop.submit { [figures] in
      Figures(
        messages: messages, seconds: cost.seconds, cost: cost, latencies: figures.latencies,
        refused: figures.refusals,
        deliveries: figures.delivered > 0 ? figures.deliveries : nil)
    }.get()
  }

  /// Succeeds once nothing more is offered.
  private func offer(
    for seconds: Int, from start: NIODeadline, rate: Int?
  ) -> EventLoopFuture<Void> {
    if let rate {
      return Pacer(clients, on: loop, from: start, rate: rate, count: rate * seconds).run()
    }
    loop.scheduleTask(deadline: start) { [clients] in
      for client in clients { client.send(upTo: .max) }
    }
    return loop.scheduleTask(deadline: start + .seconds(Int64(seconds))) { [clients] in
      for client in clients { client.stop() }
    }.futureResult
  }

  /// What was answered within these seconds, and what it has cost.
  private func watch(from start: NIODeadline, for seconds: Int) async throws -> ServerCost {
    try await loop.submit { [figures] in figures.measuredFrom = start }.get()
    let (before, answeredBefore) = try await look(at: start)
    let began = NIODeadline.now()
    let calls = CallCount(server.identifier)
    let (after, answered) = try await look(at: start + .seconds(Int64(seconds)))
    let span = LoadRun.seconds(since: began)
    return ServerCost(
      before: before, after: after, calls: calls?.stop(), messages: answered - answeredBefore,
      seconds: span)
  }

  private func look(at time: NIODeadline) async throws -> (ServerUsage, answered: Int) {
    let usage = try await watcher.scheduleTask(deadline: time) { [server = server.identifier] in
      ServerUsage(of: server)
    }.futureResult.get()
    guard let usage else { throw ServerProcess.gone }
    let answered = try await loop.submit { [clients] in
      clients.reduce(0) { $0 + $1.answered }
    }.get()
    return (usage, answered)
  }

  /// One message of a client to the group at this place among its targets, which all follow. Nanoseconds until the
  /// last of them has got it.
  func deliver(from sender: Int, toTarget place: Int) async throws -> UInt64 {
    let arrived = loop.makePromise(of: UInt64.self)
    loop.execute { [clients] in
      let start = NIODeadline.now()
      var left = clients.count
      for client in clients {
        client.whenReceived = {
          left -= 1
          if left == 0 { arrived.succeed(UInt64((NIODeadline.now() - start).nanoseconds)) }
        }
        client.whenFailed = { arrived.fail($0) }
      }
      clients[sender].say(toTarget: place)
    }
    return try await arrived.futureResult.get()
  }

  /// From now on they read nothing of what they are sent.
  func stopReading() async throws {
    try await loop.submit { [clients] in for client in clients { client.stopReading() } }.get()
  }

  /// They do nothing but stay connected.
  func stay(for seconds: Int) async throws {
    try await loop.scheduleTask(in: .seconds(Int64(seconds))) {}.futureResult.get()
  }

  private func finish(_ expected: @escaping @Sendable ([Int]) -> [Int]) async throws {
    let ends = try await loop.submit { [clients] in
      let counts = expected(clients.map(\.offered))
      return zip(clients, counts).map { $0.finish(expecting: $1) }
    }.get()
    for end in ends { try await end.get() }
  }

  private static func seconds(since start: NIODeadline) -> Double {
    Double((NIODeadline.now() - start).nanoseconds) / 1e9
  }
}

extension Offered {
  /// Messages a second; 0: as many as the windows let through.
  var rate: Int {
    if case .seconds(_, _, let rate?) = self { rate } else { 0 }
  }
}

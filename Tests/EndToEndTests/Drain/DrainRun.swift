import DaybookSchema
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Clients of a server that stops and of the one that comes after it.
final class DrainRun: Sendable {
  /// What became of it, in seconds since the server was told to stop.
  struct Figures: Sendable {
    var sessions = 0
    var acks = 0
    /// Sends that were on their way when their session ended.
    var unanswered = 0
    var exit = 0.0
    var listening = 0.0
    /// By which each was told to come again, and was there, in milliseconds since it was told.
    var delays: [Int] = []
    var returns: [Int] = []
    var lastReturn = 0.0
    /// Of each second since, how many came.
    var returnsPerSecond: [Int] = []
    /// By how much those came later than they were told to who were told a time at which there was a server.
    var lateness: [Int] = []
  }

  private static let connectsAtOnce = 50
  /// One of so many sends all the time.
  private static let sendersOneOf = 10
  private static let unansweredMax = 4
  /// Of all sessions together: some messages are on their way at any time, and the clients have time for the rest.
  private static let messagesPerSecond = 100
  private static let acksFirst = 3
  /// One of so many speaks something else than frames over TCP.
  private static let othersOneOf = 20

  let server: RawServer
  private let clients: [RawClient]
  private let loops: MultiThreadedEventLoopGroup
  private let ledger = NIOLockedValueBox(DeliveryLedger())
  private let isSending = NIOLockedValueBox(true)
  private let tell: @Sendable (String) -> Void

  init(
    _ server: RawServer, sessions: Int, tell: @escaping @Sendable (String) -> Void
  ) async throws {
    self.server = server
    self.tell = tell
    loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let others = RawTransport.allCases.filter { $0 != .tcp }
    var clients: [RawClient] = []
    for index in 0..<sessions {
      let isOther = index % DrainRun.othersOneOf == 1
      clients.append(
        RawClient(
          "u\(index)",
          isOther ? others[index / DrainRun.othersOneOf % others.count] : .tcp,
          token: try await server.token("u\(index)"), places: server.places, on: loops.next(),
          ledger: ledger
        ) { _ in })
    }
    self.clients = clients
  }

  private var senders: [(client: RawClient, to: String)] {
    stride(from: 0, to: clients.count, by: DrainRun.sendersOneOf).map {
      (clients[$0], "user/u\(($0 + 1) % clients.count)")
    }
  }

  func connect() async {
    let connected = NIOLockedValueBox(0)
    await withTaskGroup(of: Void.self) { group in
      for lane in 0..<DrainRun.connectsAtOnce {
        group.addTask { [clients, tell] in
          for index in stride(from: lane, to: clients.count, by: DrainRun.connectsAtOnce) {
            await clients[index].stayConnected()
            let count = connected.withLockedValue {
              $0 += 1
              return $0
            }
            if count % 500 == 0 { tell("\(count) of \(clients.count) sessions are connected") }
          }
        }
      }
    }
  }

  /// The server is told to stop while messages are on their way; another takes its place; everybody comes again when
  /// it was told to.
  func drain() async throws -> Figures {
    var figures = Figures(sessions: clients.count)
    let sending = Task { [self] in await sendAll() }
    await withTaskGroup(of: Void.self) { group in
      for (client, _) in senders {
        group.addTask { await client.until { $0.ackedCount >= DrainRun.acksFirst } }
      }
    }
    tell("the server is told to stop, while \(senders.count) sessions send")
    let told = NIODeadline.now()
    let stopping = Task { [server] in await server.server.stop() }
    let returning = Task { [self] in await returnAll() }
    let output = await stopping.value
    figures.exit = DrainRun.seconds(since: told)
    guard output?.status == 0 else {
      let status = output.map { "status \($0.status): \($0.errors)" }
      throw DrainFault(text: status ?? "no server")
    }
    tell("it has ended; another starts")
    try await server.start(["--log-level", "warning"])
    let listening = NIODeadline.now()
    figures.listening = DrainRun.seconds(since: told)
    for told in await returning.value {
      figures.delays.append(told.delay)
      figures.returns.append(Int((told.back - told.at).nanoseconds / 1_000_000))
      let due = told.at + .milliseconds(Int64(told.delay))
      if due > listening {
        figures.lateness.append(Int((told.back - due).nanoseconds / 1_000_000))
      }
      figures.unanswered += told.unanswered
    }
    figures.lastReturn = DrainRun.seconds(since: told)
    var counts: [Int: Int] = [:]
    for client in clients {
      guard let at = await client.ask({ $0.connectedAt }) else { continue }
      counts[Int((at - told).nanoseconds / 1_000_000_000), default: 0] += 1
    }
    figures.returnsPerSecond = (0...(counts.keys.max() ?? 0)).map { counts[$0] ?? 0 }
    isSending.withLockedValue { $0 = false }
    await sending.value
    await settle()
    figures.acks = ledger.withLockedValue { $0.ackedCount }
    return figures
  }

  private func sendAll() async {
    let pause = Duration.milliseconds(1_000 * senders.count / DrainRun.messagesPerSecond)
    await withTaskGroup(of: Void.self) { group in
      for (client, to) in senders {
        group.addTask { [isSending] in
          try? await Task.sleep(for: pause * Double.random(in: 0..<1))
          while isSending.withLockedValue({ $0 }) {
            client.send([(to, 20)])
            await client.until {
              $0.unacked.count < DrainRun.unansweredMax || $0.line == nil
            }
            try? await Task.sleep(for: pause)
          }
        }
      }
    }
  }

  private struct Return: Sendable {
    var at: NIODeadline
    var delay: Int
    var back: NIODeadline
    var unanswered: Int
  }

  private func returnAll() async -> [Return] {
    let back = NIOLockedValueBox(0)
    return await withTaskGroup(of: Return?.self) { group in
      for client in clients {
        group.addTask { [self] in
          let found = await comeAgain(client)
          let count = back.withLockedValue {
            $0 += 1
            return $0
          }
          if count % 500 == 0 { tell("\(count) of \(clients.count) are back") }
          return found
        }
      }
      return await group.reduce(into: []) { if let one = $1 { $0.append(one) } }
    }
  }

  private func comeAgain(_ client: RawClient) async -> Return? {
    await client.until { $0.line == nil }
    let (closing, unanswered) = await client.ask { ($0.closing, $0.unacked.count) }
    guard let (error, at) = closing, error.name == "server_stopping" else {
      ledger.withLockedValue { $0.fault("\(client.user) was told nothing of the server's stop") }
      return nil
    }
    let delay = Int(error.retryAfterMs)
    let due = at + .milliseconds(Int64(delay))
    try? await Task.sleep(for: .nanoseconds(max(0, (due - .now()).nanoseconds)))
    // Where there is no server yet, it tries again as the SDK does.
    var wait = Duration.milliseconds(200)
    while !(await client.connect()) {
      try? await Task.sleep(for: wait * Double.random(in: 0.5...1))
      wait = min(wait * 2, .seconds(2))
    }
    guard let connectedAt = await client.ask({ $0.connectedAt }) else { return nil }
    return Return(at: at, delay: delay, back: connectedAt, unanswered: unanswered)
  }

  private func settle() async {
    var last: [String: Set<LedgerMessage>] = [:]
    for (client, to) in senders {
      let messages = Set(await client.lastWords(to: [to]))
      last[to, default: []].formUnion(messages)
      last["user/\(client.user)", default: []].formUnion(messages)
    }
    for client in clients {
      if let expected = last["user/\(client.user)"] {
        await client.has(expected, in: "user/\(client.user)")
      }
    }
  }

  func check() -> [String] { ledger.withLockedValue { $0.check() } }

  func end() async throws {
    for client in clients { client.run { $0.line?.close() } }
    for client in clients { await client.until { $0.openLines == 0 } }
    try await loops.shutdownGracefully()
  }

  private static func seconds(since begin: NIODeadline) -> Double {
    Double((NIODeadline.now() - begin).nanoseconds) / 1e9
  }
}

struct DrainFault: Error, CustomStringConvertible {
  let text: String
  var description: String { "the server did not end in order: \(text)" }
}

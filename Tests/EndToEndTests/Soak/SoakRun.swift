import Doubles
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A server with two kinds of clients: those who do as they should, and those who do anything.
final class SoakRun: Sendable {
  /// Of well-behaved clients, how long answers took, while they had company and while they had none.
  struct Latencies: Sendable {
    var alone: [Int64] = []
    var inCompany: [Int64] = []

    /// In microseconds; 0 of none.
    static func p99(_ nanoseconds: [Int64]) -> Int {
      guard !nanoseconds.isEmpty else { return 0 }
      return Int(nanoseconds.sorted()[nanoseconds.count * 99 / 100] / 1_000)
    }
  }

  private enum Company: Sendable { case none, mixed, all }

  static let groups = 4
  /// Of a transport.
  static let good = 2
  static let hostile = 4

  let server: RawServer
  let plan: SoakPlan
  private let good: [RawClient]
  private let visitors: [SoakVisitor]
  private let ledger = NIOLockedValueBox(DeliveryLedger())
  private let loops: MultiThreadedEventLoopGroup
  private let latencies: NIOLockedValueBox<Latencies>
  private let company: NIOLockedValueBox<Company>
  private let visits = NIOLockedValueBox(0)
  private let goodAcks: NIOLockedValueBox<Int>

  init(_ server: RawServer, seed: UInt64) async throws {
    self.server = server
    let transports = RawTransport.allCases
    let each = SoakRun.good + SoakRun.hostile
    let users = (0..<transports.count * each).map { "u\($0)" }
    plan = SoakPlan(seed: seed, users: users, groups: SoakRun.groups)
    loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let (latencies, company, acks) = (
      NIOLockedValueBox(Latencies()), NIOLockedValueBox(Company.none), NIOLockedValueBox(0)
    )
    (self.latencies, self.company, goodAcks) = (latencies, company, acks)
    let (goodLoop, otherLoop) = (loops.next(), loops.next())
    var (good, visitors): ([RawClient], [SoakVisitor]) = ([], [])
    for (index, user) in users.enumerated() {
      let isGood = index < transports.count * SoakRun.good
      let client = RawClient(
        user, transports[index % transports.count], token: try await server.token(user),
        places: server.places, on: isGood ? goodLoop : otherLoop, ledger: ledger
      ) { nanoseconds in
        guard isGood else { return }
        acks.withLockedValue { $0 += 1 }
        switch company.withLockedValue({ $0 }) {
        case .none: latencies.withLockedValue { $0.alone.append(nanoseconds) }
        case .all: latencies.withLockedValue { $0.inCompany.append(nanoseconds) }
        case .mixed: break
        }
      }
      if isGood {
        good.append(client)
      } else {
        visitors.append(
          SoakVisitor(client: client, index: index) { acks.withLockedValue { $0 } })
      }
    }
    (self.good, self.visitors) = (good, visitors)
  }

  private var clients: [RawClient] { good + visitors.map(\.client) }

  var p99: (alone: Int, inCompany: Int) {
    let all = latencies.withLockedValue { $0 }
    return (Latencies.p99(all.alone), Latencies.p99(all.inCompany))
  }

  /// Answered sends of everybody, and visits that were paid.
  var counts: (acks: Int, visits: Int) {
    (ledger.withLockedValue { $0.ackedCount }, visits.withLockedValue { $0 })
  }

  var faults: [String] { ledger.withLockedValue { $0.faults } }

  /// Everybody has been there once: their groups, devices and streams are known.
  func prepare() async throws {
    try await server.makeGroups(
      plan.users.enumerated().map { ($1, String(plan.group(of: $0).dropFirst("group/".count))) })
    for client in good { client.run { $0.behaves = true } }
    for client in clients {
      await client.stayConnected()
      client.run { $0.line?.close() }
      await client.until { $0.openLines == 0 }
    }
    for client in good { await client.stayConnected() }
  }

  /// Well-behaved clients send for as long as `body` takes. `pause`: of each, between two messages.
  func serve(pause: Duration?, _ body: () async throws -> Void) async throws {
    let isOver = NIOLockedValueBox(false)
    let plan = plan
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, client) in good.enumerated() {
        group.addTask {
          var random = SplitMix(state: plan.seed ^ UInt64(index))
          while !isOver.withLockedValue({ $0 }) {
            if await client.ask({ $0.line == nil }) { await client.stayConnected() }
            client.send(plan.messages(1, index, &random))
            await client.until { $0.line == nil || $0.unacked.isEmpty }
            if let pause { try? await Task.sleep(for: pause) }
          }
        }
      }
      try await body()
      isOver.withLockedValue { $0 = true }
      try await group.waitForAll()
    }
  }

  /// The others come, each as often as it may by `goesOn`, which is asked with how often it was there.
  func visit(pause: Duration?, from first: Int, _ goesOn: @escaping @Sendable (Int) -> Bool) async
    -> Int
  {
    company.withLockedValue { $0 = .all }
    let last = await withTaskGroup(of: Int.self) { group in
      for visitor in visitors {
        group.addTask { [plan, visits] in
          var number = first
          while goesOn(number) {
            await visitor.pay(plan.visit(number, of: visitor.index))
            visits.withLockedValue { $0 += 1 }
            number += 1
            if let pause { try? await Task.sleep(for: pause) }
          }
          return number
        }
      }
      return await group.reduce(0) { max($0, $1) }
    }
    company.withLockedValue { $0 = .mixed }
    return last
  }

  /// Those who are left alone are measured from now on.
  func areAlone() { company.withLockedValue { $0 = .none } }

  /// Everybody comes back and behaves, has all answered, and says a last word wherever it has ever spoken: behind
  /// that, whatever was to come has come. Then all are gone.
  func settle() async {
    company.withLockedValue { $0 = .mixed }
    var last: [String: Set<LedgerMessage>] = [:]
    for (index, client) in clients.enumerated() {
      for message in await client.lastWords(to: plan.targets(of: index)) {
        last[message.to, default: []].insert(message)
        if message.to.hasPrefix("user/") {
          last["user/\(client.user)", default: []].insert(message)
        }
      }
    }
    for (index, client) in clients.enumerated() {
      for stream in ["user/\(client.user)", plan.group(of: index)] {
        await client.has(last[stream] ?? [], in: stream)
      }
    }
    for visitor in visitors { await visitor.leave() }
    for client in good {
      client.run { $0.line?.close() }
      await client.until { $0.openLines == 0 }
    }
  }

  func check() -> [String] { ledger.withLockedValue { $0.check() } }

  func end() async throws { try await loops.shutdownGracefully() }
}

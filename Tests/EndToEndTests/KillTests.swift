import DaybookSDK
import Foundation
import Testing

/// Three rounds as a test, a hundred in `ops/prove kill`.
@Suite("kill -9 against a ledger", .timeLimit(.minutes(60)))
struct KillTests {
  static let senders = ["ann", "ben", "cat"]
  /// Messages of one sender on their way at a time: a kill finds some in every state.
  static let inFlight = 16

  static var chosenRounds: Int? {
    ProcessInfo.processInfo.environment["DAYBOOK_KILL_ROUNDS"].flatMap { Int($0) }
  }

  /// Sends to dan without a pause, and enters what was acked.
  actor Sender {
    private let client: DaybookClient
    private let name: String
    private let ledger: Ledger
    private var isSending = true
    private(set) var acked = 0

    init(_ client: DaybookClient, _ name: String, _ ledger: Ledger) {
      self.client = client
      self.name = name
      self.ledger = ledger
    }

    func send() async throws {
      var number = 0
      while isSending {
        let texts = (1...KillTests.inFlight).map { "\(name) \(number + $0)" }
        number += texts.count
        let sent = try texts.map { try client.send(text: $0, to: .user("dan")) }
        for (text, message) in zip(texts, sent) {
          try ledger.add(text, try await message.stored().messageID)
          acked += 1
        }
      }
    }

    func finish() { isSending = false }
  }

  @Test("after every kill all that the ledger has is there, once, in the order it was sent in")
  func rounds() async throws {
    let rounds = KillTests.chosenRounds ?? 3
    let server = try await TestServer()
    try await server.start()
    let ledger = try Ledger(server.folder)
    var clients: [DaybookClient] = []
    var senders: [Sender] = []
    for name in KillTests.senders {
      let client = try await client(name, server)
      try await client.connect()
      clients.append(client)
      senders.append(Sender(client, name, ledger))
    }
    let sending = senders.map { sender in Task { try await sender.send() } }
    let draining = clients.map { client in Task { for await _ in client.events {} } }
    let begin = ContinuousClock.now
    for round in 1...rounds {
      // Something new is acked in each round; what else the kill meets is left to chance.
      let before = try ledger.entries().count
      while try ledger.entries().count < before + 20 { try await Task.sleep(for: .milliseconds(5)) }
      try await Task.sleep(for: .milliseconds(Int.random(in: 0..<200)))
      let entered = try ledger.entries()
      await server.crash()
      try await server.start()
      try await check(entered.suffix(2000), server, limit: 3 * 2000 + 1000)
      tell(round, of: rounds, entered.count, since: begin)
    }
    for sender in senders { await sender.finish() }
    for task in sending { try await task.value }
    for client in clients { await client.close() }
    for task in draining { await task.value }
    let all = try ledger.entries()
    try await check(all[...], server, limit: 1_000_000)
    await server.stop()
    for command in [["log", "verify"], ["projection", "verify"]] {
      try await Program.succeed(command + ["--data", server.data])
    }
  }

  private func client(_ user: String, _ server: TestServer) async throws -> DaybookClient {
    let token = try await server.token(user: user, device: "phone")
    var configuration = try ClientConfiguration(server: server.address, token: token)
    configuration.reconnectFirst = .milliseconds(10)
    configuration.reconnectMax = .milliseconds(100)
    return try DaybookClient(configuration)
  }

  /// Dan's mailbox against the ledger.
  private func check(
    _ entries: ArraySlice<Ledger.Entry>, _ server: TestServer, limit: Int
  ) async throws {
    for name in KillTests.senders {
      let own = entries.filter { $0.text.hasPrefix(name + " ") }
      let output = try await Program.succeed(
        [
          "history", "--data", server.data, "--user", "dan", "--with", name, "--limit", "\(limit)",
          "--json",
        ])
      let found = try output.objects().map {
        Ledger.Entry(
          text: $0["text"] as? String ?? "", messageID: $0["message_id"] as? String ?? "")
      }
      let texts = Set(own.map(\.text))
      #expect(found.filter { texts.contains($0.text) } == own)
      let numbers = found.compactMap { Int($0.text.dropFirst(name.count + 1)) }
      #expect(numbers == numbers.first.map { Array($0..<$0 + numbers.count) } ?? [])
    }
  }

  private func tell(_ round: Int, of rounds: Int, _ acks: Int, since begin: ContinuousClock.Instant)
  {
    guard KillTests.chosenRounds != nil else { return }
    let seconds = (ContinuousClock.now - begin) / .seconds(1)
    let left = Int(seconds / Double(round) * Double(rounds - round))
    print("kill \(round) of \(rounds): \(acks) acks are there; \(left) s left")
  }
}

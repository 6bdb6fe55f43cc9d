import DaybookSDK
import Foundation
import Testing

@Suite("kill -9", .timeLimit(.minutes(30)))
struct CrashTests {
  /// A user who sends one message after the other, and remembers what was acked.
  actor Sender {
    let client: DaybookClient
    private(set) var stored: [UInt64] = []
    private var isSending = true

    init(_ client: DaybookClient) { self.client = client }

    func send() async throws {
      while isSending {
        let sent = try client.send(text: "live \(stored.count + 1)", to: .user("bob"))
        stored.append(try await sent.stored().messageID)
      }
    }

    func finish() { isSending = false }

    func count(reaches target: Int) async throws {
      while stored.count < target { try await Task.sleep(for: .milliseconds(2)) }
    }
  }

  /// A user who only receives.
  actor Receiver {
    private(set) var texts: [String] = []

    func receive(_ events: ClientEvents) async {
      for await case .message(let message) in events {
        if case .text(let text) = message.content { texts.append(text) }
      }
    }

    func count(reaches target: Int) async throws {
      while texts.count < target { try await Task.sleep(for: .milliseconds(2)) }
    }
  }

  func client(_ user: String, _ server: TestServer) async throws -> DaybookClient {
    let token = try await server.token(user: user, device: "phone")
    var configuration = try ClientConfiguration(server: server.address, token: token)
    configuration.reconnectFirst = .milliseconds(10)
    configuration.reconnectMax = .milliseconds(100)
    return try DaybookClient(configuration)
  }

  @Test("ten times during import and live sends: all that was acked is there, once")
  func tenTimes() async throws {
    let server = try await TestServer()
    try await server.start()
    let files = try Fixtures.ircFiles()
    let importing = try Running(
      [
        "import", "irc", "--server", server.address, "--token",
        try await server.token(service: "importer"), "--json",
      ]
        + files.map(\.path))
    let alice = try await client("alice", server)
    let bob = try await client("bob", server)
    try await alice.connect()
    try await bob.connect()
    let sender = Sender(alice)
    let receiver = Receiver()
    let sending = Task { try await sender.send() }
    let receiving = Task { await receiver.receive(bob.events) }
    let draining = Task { for await _ in alice.events {} }

    // An import that finds no server ends; one that has begun goes on.
    while try await Program.run(
      ["history", "--data", server.data, "--group", "ubuntu", "--limit", "1"]
    ).lines.isEmpty {}

    for round in 1...10 {
      try await sender.count(reaches: round * 20)
      await server.crash()
      try await server.start()
    }
    try await sender.count(reaches: 220)
    await sender.finish()
    try await sending.value
    let imported = await importing.finished()
    #expect(imported.status == 0, "\(imported.errors)")
    let stored = await sender.stored
    try await receiver.count(reaches: stored.count)
    await alice.close()
    await bob.close()
    await receiving.value
    await draining.value

    let expected = (1...stored.count).map { "live \($0)" }
    #expect(await receiver.texts == expected)
    try await checkHistories(server, files: files, live: expected, ids: stored)
    await server.stop()
    try await checkRebuild(server)
  }

  private func checkHistories(
    _ server: TestServer, files: [URL], live: [String], ids: [UInt64]
  ) async throws {
    let lines = try files.flatMap { try IRCLines.messages(in: $0) }
    let group = try await Program.succeed(
      ["history", "--data", server.data, "--group", "ubuntu", "--limit", "1000000", "--json"])
    let said = try group.objects().filter { !IRCLines.isAction($0) }
    #expect(said.map { $0["text"] as? String } == lines.map(\.text))
    for (user, peer) in [("alice", "bob"), ("bob", "alice")] {
      let history = try await Program.succeed(
        [
          "history", "--data", server.data, "--user", user, "--with", peer, "--limit", "1000000",
          "--json",
        ])
      let objects = try history.objects()
      #expect(objects.map { $0["text"] as? String } == live)
      #expect(objects.map { $0["message_id"] as? String } == ids.map { "\($0)" })
    }
  }

  private func checkRebuild(_ server: TestServer) async throws {
    let verified = try await Program.succeed(["log", "verify", "--data", server.data, "--json"])
    let summary = try #require(try verified.objects().last)
    #expect(summary["ok"] as? Bool == true)
    func hashes() async throws -> [String] {
      let list = try await Program.succeed(["projection", "list", "--data", server.data, "--json"])
      return try list.objects().map { "\($0["name"]!) \($0["state_hash"]!)" }
    }
    let live = try await hashes()
    #expect(live.count == 5)
    try await Program.succeed(["projection", "verify", "--data", server.data])
    let projections = URL(fileURLWithPath: server.data).appendingPathComponent("projections")
    for file in try FileManager.default.contentsOfDirectory(
      at: projections, includingPropertiesForKeys: nil)
    {
      try FileManager.default.removeItem(at: file)
    }
    try await Program.succeed(["projection", "rebuild", "--data", server.data])
    #expect(try await hashes() == live)
  }
}

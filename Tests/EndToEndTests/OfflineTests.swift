import DaybookSDK
import Foundation
import Testing

/// A client, and everything it has told its user.
actor Device {
  nonisolated let client: DaybookClient
  private(set) var events: [ClientEvent] = []
  private var listening: Task<Void, Never>?

  init(_ user: String, _ device: String, _ server: TestServer) async throws {
    let token = try await server.token(user: user, device: device)
    var configuration = try ClientConfiguration(server: server.address, token: token)
    // What it is handed it keeps at once.
    configuration.acknowledgement = .immediate
    client = try DaybookClient(configuration)
  }

  func open() async throws {
    let events = client.events
    listening = Task { for await event in events { self.took(event) } }
    try await client.connect()
    try await until { $0.contains(.caughtUp) }
  }

  /// Leaves when all that was received is acked.
  func close() async {
    await client.settled()
    await client.close()
    await listening?.value
  }

  private func took(_ event: ClientEvent) { events.append(event) }

  func until(_ holds: ([ClientEvent]) -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while !holds(events) {
      try #require(ContinuousClock.now < end, "does not come; last: \(events.suffix(5))")
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  func messages(in conversation: Conversation) -> [IncomingMessage] {
    events.compactMap { event in
      guard case .message(let message) = event, message.conversation == conversation else {
        return nil
      }
      return message
    }
  }

  func texts(in conversation: Conversation) -> [String] {
    messages(in: conversation).compactMap { message in
      guard case .text(let text) = message.content else { return nil }
      return text
    }
  }

  /// What was told of a sent message, in order, and once each.
  func statuses(of sent: SentMessage, _ messageID: UInt64) -> [String] {
    var all: [String] = []
    for case .status(let update) in events
    where update.sendID == sent.id || update.messageID == messageID {
      let name =
        switch update.status {
        case .sending: "sending"
        case .stored: "stored"
        case .pushed: "pushed"
        case .delivered: "delivered"
        case .read: "read"
        case .failed(let error): "failed: \(error)"
        }
      if all.last != name { all.append(name) }
    }
    return all
  }
}

@Suite("two clients, one offline", .timeLimit(.minutes(30)))
struct OfflineTests {
  let direct = 300
  let grouped = 60

  @Test("everything comes on return, once, in order; reading empties both devices' unread")
  func offline() async throws {
    let server = try await TestServer()
    try await server.start()
    let alice = try await Device("alice", "phone", server)
    try await alice.open()
    try await alice.client.createGroup("team", title: "The team")

    let before = try await Device("bob", "phone", server)
    try await before.open()
    try await before.client.join(group: "team")
    try await before.until { $0.contains(.memberJoined(group: "team", user: "bob")) }
    await before.close()

    let (sent, id) = try await sendAll(from: alice)
    func statuses() async -> String {
      await alice.statuses(of: sent, id).joined(separator: ", ")
    }
    try await until("stored", state: statuses) { await statuses() == "stored" }
    try await expectUnread(server, ["user/alice": direct, "group/team": grouped])
    try await expectPending(server, device: "phone", ["user/bob": direct, "group/team": grouped])
    // A restart in between changes nothing.
    await server.crash()
    try await server.start()

    let phone = try await Device("bob", "phone", server)
    try await phone.open()
    let laptop = try await Device("bob", "laptop", server)
    try await laptop.open()
    for device in [phone, laptop] {
      #expect(await device.texts(in: .user("alice")) == (1...direct).map { "direct \($0)" })
      #expect(await device.texts(in: .group("team")) == (1...grouped).map { "group \($0)" })
    }
    try await until("delivered", state: statuses) {
      await alice.statuses(of: sent, id).last == "delivered"
    }

    for conversation in [Conversation.user("alice"), .group("team")] {
      try phone.client.markRead(try #require(await phone.messages(in: conversation).last))
    }
    try await until("read", state: statuses) { await alice.statuses(of: sent, id).last == "read" }
    #expect(await statuses() == "stored, delivered, read")
    for device in [phone, laptop] {
      try await until("no unread") { try await device.client.unread().isEmpty }
      try await device.until { events in
        events.contains { if case .read(.user("alice"), _) = $0 { true } else { false } }
          && events.contains { if case .read(.group("team"), _) = $0 { true } else { false } }
      }
    }
    try await expectUnread(server, [:])

    // What was sent live after the return comes once as well, and nothing old with it.
    try alice.client.send(text: "one more", to: .user("bob"))
    for device in [phone, laptop] {
      try await device.until { events in
        events.contains {
          if case .message(let m) = $0 { m.content == .text("one more") } else { false }
        }
      }
      #expect(await device.texts(in: .user("alice")).count == direct + 1)
      await device.close()
    }
    try await expectPending(server, device: "phone", ["user/bob": 0, "group/team": 0])
    await alice.close()
    await server.stop()
  }

  /// Direct messages with group messages among them. Returns the last.
  private func sendAll(from alice: Device) async throws -> (sent: SentMessage, id: UInt64) {
    for number in 1..<direct {
      try alice.client.send(text: "direct \(number)", to: .user("bob"))
      if number % (direct / grouped) == 0 {
        try alice.client.send(text: "group \(number / (direct / grouped))", to: .group("team"))
      }
    }
    try alice.client.send(text: "group \(grouped)", to: .group("team"))
    let last = try alice.client.send(text: "direct \(direct)", to: .user("bob"))
    let id = try await last.stored().messageID
    await alice.client.settled()
    return (last, id)
  }

  private func until(
    _ what: String, state: () async -> String = { "" }, _ holds: () async throws -> Bool
  ) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !holds() {
      let found = await state()
      try #require(ContinuousClock.now < end, "\(what) does not come: \(found)")
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  private func expectUnread(_ server: TestServer, _ expected: [String: Int]) async throws {
    let output = try await Program.succeed(
      ["unread", "--data", server.data, "--user", "bob", "--json"])
    let found = try output.objects().map { ($0["conversation"] as! String, $0["unread"] as! Int) }
    #expect(Dictionary(uniqueKeysWithValues: found) == expected)
  }

  private func expectPending(
    _ server: TestServer, device: String, _ expected: [String: Int]
  ) async throws {
    let output = try await Program.succeed(
      ["offline", "--data", server.data, "--user", "bob", "--device", device, "--json"])
    let found = try output.objects().map { ($0["stream"] as! String, $0["pending"] as! Int) }
    #expect(Dictionary(uniqueKeysWithValues: found) == expected)
  }
}

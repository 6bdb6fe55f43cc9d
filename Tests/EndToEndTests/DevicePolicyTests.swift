import DaybookSDK
import Foundation
import Testing

@Suite("which devices a server lets be there together", .timeLimit(.minutes(30)))
struct DevicePolicyTests {
  private func client(
    _ server: TestServer, _ device: String, class deviceClass: String? = nil
  ) async throws -> DaybookClient {
    let options = deviceClass.map { ["--class", $0] } ?? []
    let token = try await Program.succeed(
      ["token", "--data", server.data, "--user", "bob", "--device", device] + options
    ).text.trimmingCharacters(in: .whitespacesAndNewlines)
    let client = try DaybookClient(ClientConfiguration(server: server.address, token: token))
    try await client.connect()
    return client
  }

  private func end(_ client: DaybookClient) async -> ClientError? {
    for await event in client.events {
      if case .connection(.closed(let error)) = event { return error }
    }
    return nil
  }

  /// Until it has said that it reads its settings so.
  private func set(_ policy: String, _ server: TestServer) async throws {
    let file = server.folder.appending(path: "settings.yaml")
    try Data("devices: \(policy)\n".utf8).write(to: file)
    guard server.isRunning else {
      return try await server.start(["--settings", file.path])
    }
    server.signal(SIGHUP)
    while !server.errors.contains("devices is \(policy)") {
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test("is set by the operator, and counts for who connects from then on")
  func policies() async throws {
    let server = try await TestServer()
    try await set("class", server)
    let phone = try await client(server, "phone", class: "mobile")
    let desktop = try await client(server, "desktop", class: "desk")
    let tablet = try await client(server, "tablet", class: "mobile")
    let displaced = try #require(await end(phone))
    #expect(displaced.code == .deviceDisplaced && displaced.message.contains("tablet (mobile)"))
    #expect(try await tablet.devices().filter(\.isOnline).map(\.id) == ["desktop", "tablet"])
    #expect(
      try await tablet.devices().map(\.deviceClass) == ["desk", "mobile", "mobile"])
    try await set("one", server)
    #expect(try await desktop.devices().filter(\.isOnline).count == 2)
    let watch = try await client(server, "watch")
    #expect(await end(desktop)?.code == .deviceDisplaced)
    #expect(await end(tablet)?.code == .deviceDisplaced)
    #expect(try await watch.devices().filter(\.isOnline).map(\.id) == ["watch"])
    try await set("any", server)
    let last = try await client(server, "phone", class: "mobile")
    #expect(try await watch.devices().filter(\.isOnline).map(\.id) == ["phone", "watch"])
    let shown = try await Program.succeed(
      ["user", "show", "bob", "--data", server.data, "--json"]
    ).objects()[0]
    let devices = try #require(shown["devices"] as? [[String: Any]])
    #expect(
      devices.map { $0["class"] as? String } == ["desk", "mobile", "mobile", nil])
    for client in [watch, last] { await client.close() }
    await server.stop()
  }

  @Test("that one was displaced is told to the person in plain words, and the console ends")
  func console() async throws {
    let server = try await TestServer()
    try await set("any", server)
    let token = try await server.token(user: "bob", device: "phone")
    // Its input stays open.
    let chat = try Running(
      ["chat", "--server", server.address, "--token", token],
      shell: #"f=$(mktemp -u); mkfifo "$f"; exec 3<>"$f"; rm "$f"; exec "$0" "$@" <&3"#)
    let laptop = try await client(server, "laptop")
    while try await laptop.devices().filter(\.isOnline).count < 2 {
      try await Task.sleep(for: .milliseconds(5))
    }
    try await set("one", server)
    let tablet = try await client(server, "tablet")
    let output = await chat.finished()
    #expect(output.status != 0)
    let said = output.text + output.errors
    #expect(
      said.contains("your device tablet has connected, and this server lets only one"), "\(said)")
    #expect(await end(laptop)?.code == .deviceDisplaced)
    await tablet.close()
    await server.stop()
  }

  @Test("a client that stands still holds nothing back from the device's next session")
  func halfOpen() async throws {
    let server = try await TestServer()
    try await set("any", server)
    let alice = try DaybookClient(
      ClientConfiguration(
        server: server.address, token: try await server.token(user: "alice", device: "phone")))
    try await alice.connect()
    let token = try await server.token(user: "bob", device: "phone")
    let still = try Running(
      ["history", "--follow", "--with", "alice", "--server", server.address, "--token", token])
    _ = try await alice.send(text: "first", to: .user("bob")).stored()
    while !still.text().contains("first") { try await Task.sleep(for: .milliseconds(5)) }
    still.signal(SIGSTOP)
    for text in ["second", "third"] {
      _ = try await alice.send(text: text, to: .user("bob")).stored()
    }
    for device in ["phone", "laptop"] {
      let next = try await client(server, device)
      var texts: [String] = []
      for await event in next.events {
        if case .message(let message) = event, case .text(let text) = message.content {
          texts.append(text)
        }
        if case .caughtUp = event { break }
      }
      #expect(texts.suffix(2) == ["second", "third"], "\(device)")
      await next.close()
    }
    still.signal(SIGCONT)
    await alice.close()
    await server.stop()
  }
}

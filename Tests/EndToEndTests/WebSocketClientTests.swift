import DaybookSDK
import Doubles
import Foundation
import Testing

@Suite("the SDK over WebSocket", .timeLimit(.minutes(30)))
struct WebSocketClientTests {
  /// A server that speaks WebSockets besides, always on the same port once it has one.
  private func start(_ server: TestServer, _ address: String = "127.0.0.1:0") async throws -> String
  {
    try await server.start(["--ws", address])
    while true {
      let lines = server.output.split(separator: "\n")
      if lines.count > 1 { return String(lines[1].dropLast(5).split(separator: " ")[2]) }
      try #require(server.isRunning)
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  private func client(_ address: String, _ token: String) async throws -> DaybookClient {
    var configuration = try ClientConfiguration(server: address, token: token)
    configuration.connectPatience = .seconds(60)
    configuration.connectDeadline = .seconds(60)
    let client = try DaybookClient(configuration)
    try await client.connect()
    return client
  }

  @Test("it chats with one over TCP, asks, sends what is large, and connects again")
  func chat() async throws {
    let server = try await TestServer()
    let address = try await start(server)
    let page = try await client("ws://\(address)", server.token(user: "alice", device: "tab"))
    let phone = try await client(server.address, server.token(user: "bob", device: "phone"))
    _ = try await page.send(text: "from a WebSocket", to: .user("bob")).stored()
    let long = String(repeating: "é", count: 30_000)
    for _ in 0..<20 { _ = try await phone.send(text: long, to: .user("alice")).stored() }
    var texts: [String] = []
    for await case .message(let message) in page.events where message.from == "bob" {
      if case .text(let text) = message.content { texts.append(text) }
      if texts.count == 20 { break }
    }
    #expect(texts.allSatisfy { $0 == long })
    // A page of half a megabyte.
    let history = try await page.history(of: .user("bob"), limit: 100)
    #expect(history.messages.count >= 8 && history.messages.last?.content == .text(long))

    await server.crash()
    let waiting = try page.send(text: "while it was away", to: .user("bob"))
    _ = try await start(server, address)
    _ = try await waiting.stored()
    await page.close()
    await phone.close()
  }

  @Test("inside of TLS it is the same, with the certificate that the server has for TLS")
  func secured() async throws {
    let certificates = try TLSFixtures.copy()
    defer { try? FileManager.default.removeItem(at: certificates) }
    func file(_ name: String) -> String { certificates.appending(path: name).path }
    let server = try await TestServer(partitions: 2)
    let running = try Running([
      "serve", "--data", server.data, "--tcp", "none", "--wss", "127.0.0.1:0",
      "--tls-certificate", file("server.pem"), "--tls-key", file("server.key"),
    ])
    while !running.text().contains("\n") {
      try #require(running.isRunning, "the server ended: \(running.text("err"))")
      try await Task.sleep(for: .milliseconds(5))
    }
    let line = running.text().split(separator: "\n")[0]
    try #require(line.hasSuffix(" (wss)"), "\(line)")
    let address = "wss://\(line.split(separator: " ")[2])"
    let token = try await server.token(user: "alice", device: "tab")
    let said = try await Program.run(
      ["chat", "--server", address, "--token", token, "--tls-ca", file("authority.pem")],
      input: "/to alice\nhello\n")
    #expect(said.status == 0, "\(said.text)\(said.errors)")
    let stranger = try await Program.run(
      ["chat", "--server", address, "--token", token], input: "")
    #expect(stranger.status == 1 && stranger.errors.contains("tls_"), "\(stranger.errors)")
    running.signal(SIGTERM)
    #expect(await running.finished().status == 0)
  }

  @Test("a console speaks it, and who is no WebSocket is named as what it is")
  func console() async throws {
    let server = try await TestServer()
    let address = try await start(server)
    let token = try await server.token(user: "alice", device: "tab")
    let said = try await Program.run(
      ["chat", "--server", "ws://\(address)", "--token", token], input: "/to alice\nhello\n")
    #expect(said.status == 0, "\(said.text)\(said.errors)")
    let wrong = try await Program.run(
      ["chat", "--server", "ws://\(server.address)", "--token", token], input: "")
    #expect(wrong.status == 1 && wrong.errors.contains("unreachable"), "\(wrong.errors)")
    let clear = try await Program.run(["chat", "--server", address, "--token", token], input: "")
    #expect(clear.status == 1 && clear.errors.contains("something else"), "\(clear.errors)")
  }
}

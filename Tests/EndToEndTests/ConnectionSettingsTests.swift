import DaybookModel
import DaybookSDK
import DaybookSchema
import Foundation
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("a connection's settings, over the wire", .timeLimit(.minutes(30)))
struct ConnectionSettingsTests {
  @Test("are answered with what counts; whoever states none is told of none")
  func agreed() async throws {
    let server = try await TestServer()
    try await server.start()
    let phone = try RawConnection(server.address)
    let plain = try await phone.connect(try await server.token(user: "ann", device: "phone"))
    #expect(!plain.hasSettings)
    let laptop = try RawConnection(server.address)
    let asked = Daybook_V1_ConnectionSettings.with {
      $0.receiptsWithheld = true
      $0.pull = true
      $0.presenceHidden = true
      $0.quietWithheld = true
      $0.compression = .deflate
    }
    let reply = try await laptop.connect(try await server.token(user: "ann", device: "laptop")) {
      $0.settings = asked
    }
    #expect(reply.settings == asked)
    let service = try RawConnection(server.address)
    let ofService = try await service.connect(try await server.token(service: "shop")) {
      $0.settings = asked
    }
    #expect(ofService.settings == .with { $0.compression = .deflate })
    _ = await server.stop()
  }

  @Test("large frames come compressed, where that was agreed on")
  func compressed() async throws {
    let server = try await TestServer()
    try await server.start()
    let text = String(repeating: "the same again ", count: 500)
    let ann = try RawConnection(server.address)
    _ = try await ann.connect(try await server.token(user: "ann", device: "phone")) {
      $0.settings.compression = .deflate
    }
    let ben = try RawConnection(server.address)
    _ = try await ben.connect(try await server.token(user: "ben", device: "phone"))
    _ = try await ben.ask(
      .send,
      Daybook_V1_SendRequest.with {
        $0.context.number = 1
        $0.to = "user/ann"
        $0.content.plain.body = Data(text.utf8)
      })
    let compressed = try await ann.push(.compressed)
    #expect(compressed.body.readableBytes < 1_000)
    let frames = try FrameCompression.inflate(compressed.body)
    let event = try #require(frames.first { $0.type == .event })
    #expect(
      try Daybook_V1_Event(frameBody: event.body).messageSent.content.plain.body == Data(text.utf8))
    _ = await server.stop()
  }

  @Test("of a conversation that is marked as quiet nothing comes, from another device's mark on")
  func quiet() async throws {
    let server = try await TestServer()
    try await server.start()
    func client(
      _ user: String, _ device: String, _ change: (inout ConnectionOptions) -> Void = { _ in }
    ) async throws -> DaybookClient {
      let token = try await server.token(user: user, device: device)
      var configuration = try ClientConfiguration(server: server.address, token: token)
      change(&configuration.connectionOptions)
      let client = try DaybookClient(configuration)
      try await client.connect()
      return client
    }
    let ben = try await client("ben", "phone")
    let eve = try await client("eve", "phone")
    let laptop = try await client("ann", "laptop")
    for life in 1...2 {
      let phone = try await client("ann", "phone") { $0.quietWithheld = true }
      var events = phone.events.makeAsyncIterator()
      if life == 1 {
        _ = try await laptop.mark(.user("ben"), isQuiet: true)
        while let event = await events.next() { if case .marked = event { break } }
      }
      _ = try await ben.send(text: "quiet \(life)", to: .user("ann")).stored()
      _ = try await eve.send(text: "loud \(life)", to: .user("ann")).stored()
      var found: [String] = []
      while found.isEmpty, let event = await events.next() {
        if case .message(let message) = event { found.append(message.from) }
      }
      #expect(found == ["eve"], "in life \(life)")
      let history = try await phone.history(of: .user("ben")).messages
      #expect(history.map(\.content) == (1...life).map { .text("quiet \($0)") })
      await phone.close()
    }
    for one in [ben, eve, laptop] { await one.close() }
    _ = await server.stop()
  }

  @Test("a client with all of them misses nothing that it fetches", arguments: [false, true])
  func client(pulls: Bool) async throws {
    let server = try await TestServer()
    try await server.start()
    func client(
      _ user: String, _ change: (inout ConnectionOptions) -> Void = { _ in }
    ) async throws -> DaybookClient {
      let token = try await server.token(user: user, device: "phone")
      var configuration = try ClientConfiguration(server: server.address, token: token)
      change(&configuration.connectionOptions)
      let client = try DaybookClient(configuration)
      try await client.connect()
      return client
    }
    let ben = try await client("ben")
    try ben.send(text: "before", to: .user("ann"))
    await ben.settled()
    let ann = try await client("ann") {
      $0.pull = pulls
      $0.compression = true
      $0.presenceHidden = true
      $0.receiptsWithheld = true
    }
    let large = String(repeating: "the same again ", count: 1_000)
    for number in 1...20 { try ben.send(text: "\(number) \(large)", to: .user("ann")) }
    var found: [String] = []
    for await case .message(let message) in ann.events where message.from == "ben" {
      if case .text(let text) = message.content {
        found.append(text.split(separator: " ").first.map(String.init) ?? "")
      }
      if found.count == 21 { break }
    }
    #expect(found == ["before"] + (1...20).map { "\($0)" })
    for one in [ann, ben] { await one.close() }
    await server.stop()
  }
}

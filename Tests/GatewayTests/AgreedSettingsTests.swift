import DaybookModel
import DaybookSchema
import Doubles
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("the settings that a connection is agreed to have", .timeLimit(.minutes(30)))
struct AgreedSettingsTests {
  private static let all = Daybook_V1_ConnectionSettings.with {
    $0.receiptsWithheld = true
    $0.pull = true
    $0.presenceHidden = true
    $0.quietWithheld = true
    $0.compression = .deflate
  }

  private func reply(
    _ client: TestClient, _ settings: Daybook_V1_ConnectionSettings?
  ) async throws -> Daybook_V1_ConnectReply {
    let frame = try await client.ask(
      .connect,
      Daybook_V1_ConnectRequest.with {
        $0.token = "bob:phone"
        if let settings { $0.settings = settings }
      })
    try #require(frame.type == .connect.reply)
    return try Daybook_V1_ConnectReply(frameBody: frame.body)
  }

  @Test("compression is agreed on in clear, and never under TLS")
  func compression() async throws {
    try await GatewayFixture.runOverTLS(try CertificateFiles().certificates()) { fixture in
      let clear = try await fixture.open()
      #expect(try await reply(clear, Self.all).settings == Self.all)
      let secret = try await fixture.openTLS()
      var expected = Self.all
      expected.compression = .none
      #expect(try await reply(secret, Self.all).settings == expected)
    }
  }

  @Test("what is as it always was is said of to nobody who did not ask")
  func unasked() async throws {
    try await GatewayFixture.run { fixture in
      #expect(try await !reply(try await fixture.open(), nil).hasSettings)
      let asked = try await reply(try await fixture.open(), Daybook_V1_ConnectionSettings())
      #expect(asked.hasSettings && asked.settings == Daybook_V1_ConnectionSettings())
    }
  }

  @Test("a session that hides its presence leaves none in the log, and its typing reaches nobody")
  func hidden() async throws {
    try await GatewayFixture.run { fixture in
      let other = try await fixture.open()
      _ = try await other.connect("alice:phone")
      let client = try await fixture.open()
      _ = try await reply(client, .with { $0.presenceHidden = true })
      try await client.say(
        .typing, Daybook_V1_TypingRequest.with { $0.conversation = "user/alice" })
      _ = try await client.fence()
      #expect(try await other.fence().allSatisfy { $0.type != .typingPush })
      try await client.say(.disconnect, Daybook_V1_DisconnectRequest())
      _ = try await client.until(.disconnect.reply)
      let notes = fixture.daybook.state.withLockedValue { state in
        state.commands.compactMap { command -> String? in
          switch command.body {
          case .openSession: "opened \(command.stream)"
          case .closeSession: "closed \(command.stream)"
          default: nil
          }
        }
      }
      #expect(notes == ["opened user/alice"])
    }
  }
}

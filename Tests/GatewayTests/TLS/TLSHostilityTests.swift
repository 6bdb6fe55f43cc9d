import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import NIOSSL
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("who does not speak TLS as it should", .timeLimit(.minutes(30)))
struct TLSHostilityTests {
  private func run(
    _ log: RecordingLog, _ options: GatewayOptions = .patient,
    _ body: (GatewayFixture) async throws -> Void
  ) async throws {
    try await GatewayFixture.runOverTLS(
      try CertificateFiles().certificates(), options, logger: log.logger, body)
  }

  private func plain(_ fixture: GatewayFixture) async throws -> TestClient {
    try await fixture.open(to: try #require(fixture.tlsAddress))
  }

  @Test("frames in clear at the address of TLS end, with one line that says so")
  func plainBytes() async throws {
    let log = RecordingLog()
    try await run(log) { fixture in
      let client = try await plain(fixture)
      try await client.say(.connect, Daybook_V1_ConnectRequest.with { $0.token = "bob:phone" })
      #expect(await client.isAtEnd())
      #expect(log.failures == ["the client speaks no TLS; 'daybook' does with --tls"])
      let web = try await plain(fixture)
      try await web.write(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
      #expect(await web.isAtEnd())
      #expect(log.failures.last == "the client speaks HTTP in clear")
      #expect(log.lines.allSatisfy { $0.metadata["address"]?.hasPrefix("127.0.0.1:") == true })
      _ = try await fixture.liveTLS("bob:phone")
    }
  }

  @Test("TLS at the address of frames in clear ends, with one line that says so")
  func encryptedBytes() async throws {
    let log = RecordingLog()
    try await run(log) { fixture in
      let witness = TLSWitness()
      let client = try await fixture.openTLS(at: try #require(fixture.address), nil, witness)
      #expect(await client.isAtEnd())
      #expect(witness.errors.contains { $0.contains("WRONG_VERSION_NUMBER") })
      let refused = log.messages.filter { $0.hasPrefix("a client was refused") }
      #expect(refused.count == 1 && refused.first?.contains("TLS came") == true, "\(refused)")
    }
  }

  @Test(
    "a handshake that does not go on is closed at the deadline, and gives its place back",
    arguments: ["", "half"])
  func stalled(sent: String) async throws {
    var options = GatewayOptions.patient
    options.connectDeadline = .milliseconds(50)
    options.connectionsMax = { 1 }
    let log = RecordingLog()
    try await run(log, options) { fixture in
      let client = try await plain(fixture)
      // The head of a record of a handshake, of 512 bytes that do not come.
      if !sent.isEmpty { try? await client.write(ByteBuffer(bytes: [0x16, 3, 1, 2, 0, 1])) }
      #expect(await client.isAtEnd())
      #expect(log.messages.contains { $0.contains("connect_deadline") })
      // Its place is free again, for a client that is quicker.
      while !(try await fixture.openTLS().isTaken("bob:phone")) {}
    }
  }

  @Test("a connection too many is told so over TLS, and places are counted over all addresses")
  func crowded() async throws {
    var options = GatewayOptions.patient
    options.connectionsMax = { 2 }
    try await run(RecordingLog(), options) { fixture in
      let (plain, _) = try await fixture.live("bob:phone")
      let secured = try await fixture.liveTLS("alice:phone")
      for _ in 0..<3 {
        let third = try await fixture.openTLS()
        let closing = try Daybook_V1_Closing(frameBody: try await third.next().body)
        #expect(closing.error.name == "overloaded")
        #expect(await third.isAtEnd())
      }
      for client in [plain, secured] { _ = try await client.fence() }
      try await secured.line.close()
      while !(try await fixture.openTLS().isTaken("carol:phone")) {}
    }
  }

  @Test("random bytes end the connection, in front of TLS and inside of it", arguments: 0..<20)
  func random(seed: UInt64) async throws {
    var generator = SeededGenerator(state: seed &+ 1)
    var bytes = ByteBuffer()
    for _ in 0..<Int.random(in: 20...4_000, using: &generator) {
      bytes.writeInteger(UInt8.random(in: .min ... .max, using: &generator))
    }
    // What is none, whatever it is: a header's length, and a record's type.
    bytes.setInteger(UInt32(0xffff_ffff), at: 0)
    try await run(RecordingLog()) { [bytes] fixture in
      let outside = try await plain(fixture)
      try await outside.write(bytes)
      #expect(await outside.isAtEnd())
      let inside = try await fixture.openTLS()
      try await inside.write(bytes)
      let error = try Daybook_V1_ErrorReply(frameBody: try await inside.next().body)
      #expect(error.name == "malformed_frame")
      #expect(await inside.isAtEnd())
      // Within a session that speaks TLS, past TLS.
      let cut = try await fixture.liveTLS("bob:phone")
      let channel = cut.channel
      try await channel.eventLoop.submit {
        try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
          .writeAndFlush(NIOAny(bytes), promise: nil)
      }.get()
      while await !cut.isAtEnd() {}
      _ = try await fixture.liveTLS("bob:phone")
    }
  }
}

private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

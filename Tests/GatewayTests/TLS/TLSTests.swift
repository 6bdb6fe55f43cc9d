import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import NIOSSL
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("sessions over TLS", .timeLimit(.minutes(30)))
struct TLSTests {
  @Test("they are as any others, by TLS 1.2 and 1.3", arguments: [TLSVersion.tlsv12, .tlsv13])
  func session(version: TLSVersion) async throws {
    try await GatewayFixture.runOverTLS(try CertificateFiles().certificates()) { fixture in
      var configuration = try TLSConfiguration.client()
      configuration.minimumTLSVersion = version
      configuration.maximumTLSVersion = version
      let alice = try await fixture.liveTLS("alice:phone", configuration)
      // Who speaks in clear is at another address of the same server.
      let (bob, _) = try await fixture.live("bob:phone")
      #expect(try await alice.channel.nioSSL_tlsVersion().get() == version)
      for number in 1...UInt64(3) {
        let reply = try await alice.send("hello", to: "user/bob", number: number)
        #expect(reply.type == .send.reply)
      }
      #expect(try await bob.seqs(of: "user/bob", through: 3) == [1, 2, 3])
      _ = try await bob.send("hello back", to: "user/alice", number: 1)
      #expect(try await alice.seqs(of: "user/alice", through: 1) == [1])
    }
  }

  @Test("what is larger than a record comes whole, both ways")
  func large() async throws {
    try await GatewayFixture.runOverTLS(try CertificateFiles().certificates()) { fixture in
      let (bob, alice) = (
        try await fixture.liveTLS("bob:phone"), try await fixture.liveTLS("alice:phone")
      )
      // All of them are within a window.
      let texts = (0..<40).map { String(repeating: "\($0)", count: 1_000 * $0 / "\($0)".count) }
      for (index, text) in texts.enumerated() {
        try await alice.say(.send, Requests.send(text, to: "user/bob", number: UInt64(index + 1)))
      }
      var came: [ContentCoding.Shown] = []
      while came.count < texts.count {
        let frame = try await bob.next()
        guard frame.type == .event, case .messageSent(let message) = try frame.event().body
        else { continue }
        came.append(try ContentCoding.show(message.content))
      }
      #expect(came == texts.map { .text($0) })
    }
  }

  @Test("what waits for who does not read is bounded, and all of it comes as it is read")
  func slowReader() async throws {
    try await GatewayFixture.runOverTLS(
      try CertificateFiles().certificates(), SlowReaderTests.options
    ) { fixture in
      let bob = try await fixture.liveTLS("bob:phone")
      try await bob.channel.setOption(.autoRead, value: false).get()
      SlowReaderTests.flood(fixture.daybook)
      let alice = try await fixture.liveTLS("alice:phone")
      _ = try await alice.fence()
      let waiting = try await SlowReaderTests.sessions(fixture).max() ?? 0
      // As in clear, and what TLS adds to it.
      #expect(waiting > 0)
      #expect(waiting <= (128 << 10) + Limits.pageBytesMax + Limits.eventBytesMax + (64 << 10))
      try await bob.channel.setOption(.autoRead, value: true).get()
      #expect(try await bob.seqs(of: "user/bob", through: 600) == Array(1...600))
      _ = try await bob.fence()
    }
  }

  @Test("older TLS is refused, and the operator told why")
  func tooOld() async throws {
    let log = RecordingLog()
    try await GatewayFixture.runOverTLS(
      try CertificateFiles().certificates(), logger: log.logger
    ) { fixture in
      var configuration = try TLSConfiguration.client()
      configuration.minimumTLSVersion = .tlsv1
      configuration.maximumTLSVersion = .tlsv11
      let client = try await fixture.openTLS(configuration)
      #expect(await client.isAtEnd())
      #expect(log.failures == ["the client's TLS is older than 1.2: it needs an update"])
    }
  }

  struct Client: Sendable, CustomTestStringConvertible {
    var required: Bool
    var certificate: String?
    /// Nil where it is let in.
    var words: String?
    var alert = ""
    var testDescription: String {
      "\(required ? "required" : "optional"), \(certificate ?? "none")"
    }
  }

  static let clients: [Client] = [
    Client(required: true, certificate: "client"),
    Client(
      required: true, words: "the client has shown no certificate", alert: "CERTIFICATE_REQUIRED"),
    Client(
      required: true, certificate: "stranger", words: "the client's certificate has expired, or",
      alert: "UNKNOWN_CA"),
    Client(required: false, certificate: "client"),
    Client(required: false),
    Client(
      required: false, certificate: "stranger", words: "the client's certificate has expired, or",
      alert: "UNKNOWN_CA"),
  ]

  @Test("clients' certificates are checked, and who is refused hears why", arguments: clients)
  func clientCertificates(client: Client) async throws {
    let log = RecordingLog()
    let files = try CertificateFiles(clients: client.required)
    try await GatewayFixture.runOverTLS(
      try files.certificates(), logger: log.logger
    ) { fixture in
      let witness = TLSWitness()
      let one = try await fixture.openTLS(try .client(client.certificate), witness)
      let isTaken = await one.isTaken("bob:phone")
      #expect(isTaken == (client.words == nil))
      #expect(log.failures.count == (client.words == nil ? 0 : 1))
      guard let words = client.words else { return }
      #expect(log.failures.first?.hasPrefix(words) == true, "\(log.failures)")
      #expect(witness.errors.contains { $0.contains(client.alert) }, "\(witness.errors)")
    }
  }

  @Test("new certificates are for new connections; those that are open live on")
  func reload() async throws {
    let files = try CertificateFiles()
    let certificates = try files.certificates()
    try await GatewayFixture.runOverTLS(certificates) { fixture in
      let first = try await fixture.liveTLS("bob:phone")
      let before = try await first.serverCertificate()
      files.replace(try CertificateFiles.material("renewed"))
      #expect(try certificates.reload() != nil)
      let second = try await fixture.liveTLS("alice:phone")
      let after = try await second.serverCertificate()
      #expect(before != nil && after != nil && before != after)
      files.replace(try CertificateFiles.material("renewed", key: "server"))
      #expect(throws: DaybookError.self) { try certificates.reload() }
      let third = try await fixture.liveTLS("carol:phone")
      #expect(try await third.serverCertificate() == after)
      _ = try await first.fence()
    }
  }

  @Test("a session that the server ends ends as TLS does, and one that is cut is no news")
  func ends() async throws {
    let log = RecordingLog()
    try await GatewayFixture.runOverTLS(
      try CertificateFiles().certificates(), logger: log.logger
    ) { fixture in
      let witness = TLSWitness()
      let refused = try await fixture.openTLS(nil, witness)
      let request = Daybook_V1_ConnectRequest.with { $0.token = "nonsense" }
      #expect(try await refused.error(.connect, request) == .invalidToken)
      #expect(await refused.isAtEnd())
      #expect(witness.errors.isEmpty, "\(witness.errors)")

      let cut = try await fixture.liveTLS("bob:phone")
      let channel = cut.channel
      // Past TLS, which would say that it ends.
      try await channel.eventLoop.submit {
        try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
          .close(promise: nil)
      }.get()
      while !log.messages.contains("bob (phone) has gone") { await Task.yield() }
      #expect(log.failures.isEmpty)
      #expect(!log.messages.contains { $0.hasPrefix("a connection failed") })
    }
  }

  @Test("a frame that the end of the client's direction cuts is malformed")
  func halfClosed() async throws {
    try await GatewayFixture.runOverTLS(try CertificateFiles().certificates()) { fixture in
      let client = try await fixture.openTLS()
      try await client.channel.setOption(.allowRemoteHalfClosure, value: true).get()
      var header = ByteBuffer()
      header.writeFrameHeader(.connect, sequence: 1, bodyLength: 50)
      try await client.write(header)
      try await client.channel.close(mode: .output)
      let error = try Daybook_V1_ErrorReply(frameBody: try await client.next().body)
      #expect(error.name == "malformed_frame")
      try? await client.line.close()
    }
  }
}

extension RecordingLog {
  /// Why handshakes have failed.
  var failures: [String] {
    let prefix = "a TLS handshake failed: "
    return messages.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }
}

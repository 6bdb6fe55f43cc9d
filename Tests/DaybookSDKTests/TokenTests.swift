import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("Tokens")
struct TokenTests {
  private static let expired = DaybookError(.expiredToken, "the token has expired")
  private static let spent = [expired, DaybookError.tokenIsRevoked]

  /// Gives "1", "2", "3"… or throws.
  private struct Tokens {
    let given = NIOLockedValueBox(0)

    func configuration(
      _ server: ScriptedServer, failing error: (any Error & Sendable)? = nil
    ) -> ClientConfiguration {
      var configuration = ClientConfiguration(host: "127.0.0.1", port: server.port) {
        if let error { throw error }
        return given.withLockedValue {
          $0 += 1
          return "\($0)"
        }
      }
      configuration.reconnectFirst = .zero
      configuration.connectDeadline = .seconds(3_600)
      return configuration
    }
  }

  @Test(
    "for a token that has expired or is void another is asked for before the session opens, once",
    arguments: spent)
  func spentAtConnect(error: DaybookError) async throws {
    let tokens = Tokens()
    let server = try await ScriptedServer(refusing: { $0.token == "1" ? error : nil }) { _, _ in }
    let client = try DaybookClient(tokens.configuration(server))
    try await client.connect()
    #expect(tokens.given.withLockedValue { $0 } == 2)
    await client.close()
    try await server.close()
  }

  @Test(
    "a provider that has only tokens that are good no more does not connect, nor does a token that is one",
    arguments: spent)
  func onlySpent(refusal: DaybookError) async throws {
    let tokens = Tokens()
    let server = try await ScriptedServer(refusing: { _ in refusal }) { _, _ in }
    let fixed = ClientConfiguration.patient(server, token: "1")
    for configuration in [tokens.configuration(server), fixed] {
      let client = try DaybookClient(configuration)
      let error = await #expect(throws: ClientError.self) { try await client.connect() }
      #expect(error?.code == ClientError.Code(refusal.code))
      #expect(client.endedBy?.code == ClientError.Code(refusal.code))
    }
    #expect(tokens.given.withLockedValue { $0 } == 2)
    try await server.close()
  }

  @Test(
    "a provider that fails says why",
    arguments: [
      (ClientError(.notPermitted, "logged out"), .notPermitted),
      (CancellationError(), .tokenUnavailable),
    ] as [(any Error & Sendable, ClientError.Code)])
  func failing(error: any Error & Sendable, code: ClientError.Code) async throws {
    let server = try await ScriptedServer { _, _ in }
    let client = try DaybookClient(Tokens().configuration(server, failing: error))
    let told = await #expect(throws: ClientError.self) { try await client.connect() }
    #expect(told?.code == code)
    try await server.close()
  }

  @Test("a session whose token expires goes on with another, and what is unanswered goes with it")
  func expiredWhileOpen() async throws {
    let tokens = Tokens()
    let sends = NIOLockedValueBox<[(token: String, SendRequest)]>([])
    let token = NIOLockedValueBox("")
    let server = try await ScriptedServer(refusing: { request in
      token.withLockedValue { $0 = request.token }
      return nil
    }) { frame, out in
      guard frame.type == .send, let request = try? SendRequest(frameBody: frame.body) else {
        return
      }
      let current = token.withLockedValue { $0 }
      sends.withLockedValue { $0.append((current, request)) }
      guard current != "1" else {
        let closing = Daybook_V1_Closing.with { $0.error = TokenTests.expired.errorReply }
        return out.writeFrame(.closing, sequence: 0, message: closing)
      }
      out.writeFrame(.send.reply, sequence: frame.sequence) {
        CommandReply(
          messageID: MessageID(5), seq: .none, recordedAt: Timestamp(milliseconds: 1),
          repeated: false, changed: true
        ).write(to: &$0)
      }
    }
    let client = try DaybookClient(tokens.configuration(server))
    try await client.connect()
    let sent = try client.send(text: "hi", to: .user("bob"))
    #expect(try await sent.stored().messageID == 5)
    let made = sends.withLockedValue { $0 }
    #expect(made.map(\.token) == ["1", "2"])
    #expect(made.allSatisfy { $0.1.context.number == 1 && $0.1.content == made[0].1.content })
    var states: [String] = []
    for await case .connection(let state) in client.events {
      switch state {
      case .connected: states.append("connected")
      case .waiting(let pause, let error): states.append("\(error.name) \(pause == .zero)")
      case .closed: states.append("closed")
      }
      if states.count == 3 { break }
    }
    #expect(states == ["connected", "expired_token true", "connected"])
    await client.close()
    try await server.close()
  }

  @Test(
    "a session whose token was made void goes on with one that was made later, and ends if that is void too"
  )
  func revoked() async throws {
    let tokens = Tokens()
    let server = try await ScriptedServer(refusing: {
      $0.token == "1" || $0.token == "2" ? nil : DaybookError.tokenIsRevoked
    }) { frame, out in
      guard frame.type == .send else { return }
      let closing = Daybook_V1_Closing.with { $0.error = DaybookError.tokenIsRevoked.errorReply }
      out.writeFrame(.closing, sequence: 0, message: closing)
    }
    let client = try DaybookClient(tokens.configuration(server))
    try await client.connect()
    let sent = try client.send(text: "hi", to: .user("bob"))
    let error = await #expect(throws: ClientError.self) { _ = try await sent.stored() }
    #expect(error?.code == .tokenRevoked && client.endedBy?.code == .tokenRevoked)
    var pauses: [Duration] = []
    for await case .connection(.waiting(let pause, _)) in client.events { pauses.append(pause) }
    // A token of the same second would be void as well.
    #expect(pauses == [.milliseconds(1_100), .milliseconds(1_100)])
    #expect(tokens.given.withLockedValue { $0 } == 3)
    try await server.close()
  }

  @Test(
    "another token is asked for when a fifth of a token's life is left, and of what is left then")
  func due() {
    var renewal = TokenRenewal()
    let start = NIODeadline.now()
    #expect(renewal.isDue(after: start) == nil)
    renewal.lasts(10_000, until: 11_000, from: start)
    #expect(renewal.isDue(after: start) == .seconds(8))
    #expect(renewal.isDue(after: start + .seconds(8)) == .milliseconds(1_600))
    // Too late: the session ends with its token, and connects with another.
    #expect(renewal.isDue(after: start + .milliseconds(9_950)) == nil)
    #expect(renewal.isDue(after: start + .seconds(20)) == nil)
    renewal.goesOn(until: 21_000)
    #expect(renewal.isDue(after: start + .seconds(8)) == .milliseconds(9_600))
    // A server that says nothing of it.
    renewal.lasts(0, until: 0, from: start)
    #expect(renewal.isDue(after: start) == nil)
  }

  @Test("a session goes on with another token before its own has ended")
  func renewedInPlace() async throws {
    let tokens = Tokens()
    let connects = NIOLockedValueBox(0)
    let renewals = NIOLockedValueBox<[String]>([])
    let server = try await ScriptedServer(
      refusing: { _ in
        connects.withLockedValue { $0 += 1 }
        return nil
      }, tokenMilliseconds: 6_000
    ) { frame, out in
      guard frame.type == .renew, let request = try? Daybook_V1_RenewRequest(frameBody: frame.body)
      else { return }
      renewals.withLockedValue { $0.append(request.token) }
      let reply = Daybook_V1_RenewReply.with { $0.tokenExpiresAtMs = 3_600_000 }
      out.writeFrame(.renew.reply, sequence: frame.sequence, message: reply)
    }
    let client = try DaybookClient(tokens.configuration(server))
    try await client.connect()
    while renewals.withLockedValue({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
    #expect(renewals.withLockedValue { $0 } == ["2"])
    #expect(connects.withLockedValue { $0 } == 1)
    await client.close()
    try await server.close()
  }

  @Test("a server that stops says when to come again, and is taken at its word")
  func retryAfter() async throws {
    let connects = NIOLockedValueBox(0)
    let server = try await ScriptedServer(refusing: { _ in
      connects.withLockedValue { $0 += 1 }
      return nil
    }) { frame, out in
      guard frame.type == .typing else { return }
      let stopping = DaybookError(
        .serverStopping, "the server is stopping", retryAfter: .milliseconds(700))
      let closing = Daybook_V1_Closing.with { $0.error = stopping.errorReply }
      out.writeFrame(.closing, sequence: 0, message: closing)
    }
    var configuration = ClientConfiguration.patient(server, token: "1")
    configuration.reconnectFirst = .zero
    let client = try DaybookClient(configuration)
    try await client.connect()
    try client.typing(in: .user("bob"))
    let start = ContinuousClock.now
    for await case .connection(.waiting(let pause, let error)) in client.events {
      #expect(error.code == .serverStopping && pause == .milliseconds(700))
      break
    }
    while connects.withLockedValue({ $0 }) < 2 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(ContinuousClock.now - start >= .milliseconds(650))
    await client.close()
    try await server.close()
  }
}

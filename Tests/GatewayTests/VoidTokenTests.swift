import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("tokens that are void", .timeLimit(.minutes(30)))
struct VoidTokenTests {
  private static let phone = DeviceID(checked: "phone")
  /// Of the memory Daybook's tokens, which are made at second 1.
  private static let later = Timestamp(milliseconds: 1_500)

  private func isAlive(_ client: TestClient) async throws -> Bool {
    try await client.ask(.heartbeat, Daybook_V1_HeartbeatRequest()).type == .heartbeat.reply
  }

  /// The reason, which nothing comes behind.
  private func end(_ client: TestClient) async throws -> String {
    let last = try await client.until(.closing).last!
    #expect(await client.isAtEnd())
    return try Daybook_V1_Closing(frameBody: last.body).error.name
  }

  struct Row: Sendable {
    let revoked: Revocation
    let holder: String
    /// Of `bob:phone#a`, `bob:laptop#b`, `service:bob#c`, `service:crm#d`.
    let ends: Set<String>
  }

  private static let rows = [
    Row(revoked: Revocation(tokenID: "a"), holder: "bob", ends: ["bob:phone#a"]),
    Row(
      revoked: Revocation(device: phone, issuedUntil: later), holder: "bob",
      ends: ["bob:phone#a"]),
    Row(
      revoked: Revocation(issuedUntil: later), holder: "bob",
      ends: ["bob:phone#a", "bob:laptop#b"]),
    Row(
      revoked: Revocation(issuedUntil: later, isOfService: true), holder: "bob",
      ends: ["service:bob#c"]),
    Row(
      revoked: Revocation(tokenID: "d", isOfService: true), holder: "crm",
      ends: ["service:crm#d"]),
    Row(revoked: Revocation(tokenID: "d"), holder: "crm", ends: []),
  ]

  @Test(
    "end the sessions that have them, on whatever loop these are, and no others, and let nobody in",
    arguments: rows)
  func revoked(_ row: Row) async throws {
    try await GatewayFixture.run { fixture in
      let tokens = ["bob:phone#a", "bob:laptop#b", "service:bob#c", "service:crm#d"]
      var clients: [(String, TestClient)] = []
      for token in tokens { clients.append((token, try await fixture.connect(token))) }
      fixture.daybook.revoke(row.revoked, of: row.holder)
      for (token, client) in clients {
        if row.ends.contains(token) {
          #expect(try await end(client) == "token_revoked", "\(token)")
          let again = try await fixture.open()
          let request = Daybook_V1_ConnectRequest.with { $0.token = token }
          #expect(try await again.error(.connect, request) == .tokenRevoked)
        } else {
          #expect(try await isAlive(client), "\(token)")
        }
      }
    }
  }

  @Test("a device is told of it before it is closed, and its user's others are told as well")
  func told() async throws {
    try await GatewayFixture.run { fixture in
      let (phone, _) = try await fixture.live("bob:phone#a")
      let (laptop, _) = try await fixture.live("bob:laptop#b")
      fixture.daybook.revoke(Revocation(tokenID: "a"), of: "bob")
      #expect(try await phone.next().event().kind == .tokensRevoked)
      #expect(try await end(phone) == "token_revoked")
      #expect(try await laptop.next().event().body == .tokensRevoked(Revocation(tokenID: "a")))
    }
  }

  @Test("one who comes with it ends nobody's session, not even of the same device")
  func harmless() async throws {
    try await GatewayFixture.run { fixture in
      fixture.sessions.changeDevices(to: .one)
      fixture.daybook.revoke(Revocation(tokenID: "lost"), of: "bob")
      let good = try await fixture.connect("bob:phone#new")
      for token in ["bob:phone#lost", "bob:laptop#lost"] {
        let thief = try await fixture.open()
        let request = Daybook_V1_ConnectRequest.with { $0.token = token }
        #expect(try await thief.error(.connect, request) == .tokenRevoked)
      }
      #expect(try await isAlive(good))
    }
  }

  @Test(
    "while its session opens, a token that is made void lets nobody in",
    arguments: ["bob:phone#t", "service:crm#t"])
  func whileOpening(token: String) async throws {
    try await GatewayFixture.run { fixture in
      let daybook = fixture.daybook
      let isService = token.hasPrefix("service")
      daybook.state.withLockedValue { ($0.holdsOpenings, $0.holdsTokenChecks) = (true, true) }
      let client = try await fixture.open()
      try await client.say(.connect, Daybook_V1_ConnectRequest.with { $0.token = token })
      _ = try await daybook.commands { command in
        switch command.body {
        case .openCursor, .checkToken: true
        default: false
        }
      }
      // After the owner has decided, as far as it knows; only the event tells.
      let revoked = Revocation(tokenID: "t", isOfService: isService)
      daybook.append(
        StreamKey(checked: isService ? "user/crm" : "user/bob")!, Chat.alice,
        .tokensRevoked(revoked))
      // The answer of before: of a mailbox that had its head then.
      let held = daybook.state.withLockedValue { $0.held.first! }
      let position = StreamPosition(
        cursor: .none, head: .none, resumed: true,
        visible: [SeqInterval(first: Seq(1), last: nil)])
      held.receiver.receive(
        [
          CommandAnswer(
            token: held.token,
            outcome: .success(
              isService ? .done(CommandResult(recordedAt: .none)) : .position(position)))
        ], covering: nil)
      #expect(try await end(client) == "token_revoked")
    }
  }

  @Test(
    "of which a gateway was not told end their sessions all the same",
    arguments: ["bob:phone#t", "service:crm#t"])
  func missed(token: String) async throws {
    try await GatewayFixture.run { fixture in
      let isService = token.hasPrefix("service")
      let client = try await fixture.connect(token)
      let holder = isService ? "crm" : "bob"
      fixture.daybook.revoke(
        Revocation(tokenID: "t", isOfService: isService), of: holder, isTold: false)
      #expect(try await isAlive(client))
      fixture.daybook.interrupt(StreamKey(checked: "user/\(holder)")!)
      #expect(try await end(client) == "token_revoked")
    }
  }

  @Test(
    "renew no session, which stays as it was, and one that was renewed lives by its newest token",
    arguments: ["bob:phone", "service:crm"])
  func renewal(holder: String) async throws {
    try await GatewayFixture.run { fixture in
      let isService = holder.hasPrefix("service")
      let name = isService ? "crm" : "bob"
      func revoke(_ id: String) {
        fixture.daybook.revoke(Revocation(tokenID: id, isOfService: isService), of: name)
      }
      func renew(_ id: String) -> Daybook_V1_RenewRequest { .with { $0.token = "\(holder)#\(id)" } }
      let client = try await fixture.connect("\(holder)#1")
      revoke("2")
      #expect(try await client.error(.renew, renew("2")) == .tokenRevoked)
      #expect(try await isAlive(client))
      #expect(try await client.ask(.renew, renew("3")).type == .renew.reply)
      revoke("1")
      #expect(try await isAlive(client))
      // Made void while the owner's answer, which knew nothing of it, is on its way.
      fixture.daybook.state.withLockedValue { $0.holdsTokenChecks = true }
      let asked = try await client.say(.renew, renew("4"))
      _ = try await fixture.daybook.commands { command in
        if case .checkToken(let token) = command.body { token.id == "4" } else { false }
      }
      fixture.daybook.append(
        StreamKey(checked: "user/\(name)")!, Chat.alice,
        .tokensRevoked(Revocation(tokenID: "4", isOfService: isService)))
      _ = try await client.fence()
      fixture.daybook.release()
      while true {
        let frame = try await client.next()
        guard frame.sequence == asked else { continue }
        #expect(try Daybook_V1_ErrorReply(frameBody: frame.body).name == "token_revoked")
        break
      }
      #expect(try await isAlive(client))
      revoke("3")
      #expect(try await end(client) == "token_revoked")
    }
  }
}

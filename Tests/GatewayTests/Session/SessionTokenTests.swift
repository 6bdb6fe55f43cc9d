import DaybookModel
import Ports
import Requests
import Testing

@testable import Gateway

/// What a session that lives by the token `#1` asks and says.
private struct TokenedSession {
  static let crm = Principal.service(ServiceID(checked: "crm"))
  static let phone = Principal.device(UserID(checked: "bob"), DeviceID(checked: "phone"))

  var token: SessionToken
  var output = SessionOutput()

  init(_ principal: Principal, expiresAt: UInt64 = .max) {
    let settings = SessionSettings(
      logID: "log", options: GatewayOptions(), clock: MemoryDaybook())
    token = SessionToken(
      TokenedSession.token(principal, "1", expiresAt: expiresAt), of: Requester(principal),
      settings)
  }

  static func token(
    _ principal: Principal, _ id: String, issuedAt: UInt64 = 1_000, expiresAt: UInt64 = .max
  ) -> CheckedToken {
    CheckedToken(
      principal, expiresAt: Timestamp(milliseconds: expiresAt),
      stamp: TokenStamp(issuedAt: Timestamp(milliseconds: issuedAt), id: id))
  }

  /// Which tokens' owners were asked about.
  mutating func asked() -> [String] {
    defer { output.actions = [] }
    return output.actions.compactMap { action in
      guard case .submit(let command, _) = action, case .checkToken(let stamp) = command.body
      else { return nil }
      return "\(stamp.id) in \(command.stream)"
    }
  }

  mutating func said() -> FrameTypeSaid {
    defer { _ = output.takeBytes() }
    return output.frameCount == 0 ? .nothing : .something
  }

  enum FrameTypeSaid { case nothing, something }

  /// The error with which the session ends, if it does.
  mutating func ended(
    _ body: (inout SessionToken, inout SessionOutput) throws(EndOfSession) -> Void
  )
    -> ErrorCode?
  {
    do throws(EndOfSession) {
      try body(&token, &output)
      return nil
    } catch {
      guard case .closing(let error) = error else { return .invalidRequest }
      return error.code
    }
  }
}

@Suite("the token that a session lives by")
struct SessionTokenTests {
  private static let good = Result<CommandOutcome, DaybookError>.success(
    .done(CommandResult(recordedAt: .none, changed: false)))
  private static let bad = Result<CommandOutcome, DaybookError>.failure(.tokenIsRevoked)

  @Test(
    "its end is as far away as it says, and then there",
    arguments: [
      (0, Duration.zero), (999, .zero), (1_000, .zero), (1_001, .milliseconds(1)),
      (3_601_001, .milliseconds(3_600_001)), (.max, .milliseconds(Int64.max)),
    ] as [(UInt64, Duration)])
  func expiry(expiresAt: UInt64, after: Duration) {
    let session = TokenedSession(TokenedSession.crm, expiresAt: expiresAt)
    #expect(session.token.untilExpiry(Timestamp(milliseconds: 1_000)) == after)
  }

  @Test("another one takes its place once the owner has said that it is good, and only then")
  func renewal() throws {
    var session = TokenedSession(TokenedSession.phone)
    let next = TokenedSession.token(TokenedSession.phone, "2", expiresAt: 2_500)
    #expect(session.token.renew(with: .success(next), sequence: 7, &session.output))
    #expect(session.asked() == ["2 in user/bob"] && session.token.stamp.id == "1")
    session.token.renewalAnswered(Self.good, sequence: 7, &session.output)
    #expect(session.token.stamp.id == "2" && session.said() == .something)
    #expect(
      session.token.untilExpiry(Timestamp(milliseconds: 1_000)) == .milliseconds(1_500))
    // A void one changes nothing.
    let void = TokenedSession.token(TokenedSession.phone, "3")
    #expect(session.token.renew(with: .success(void), sequence: 8, &session.output))
    session.token.renewalAnswered(Self.bad, sequence: 8, &session.output)
    #expect(session.token.stamp.id == "2" && session.said() == .something)
  }

  @Test("one of anybody else is asked about nowhere")
  func others() {
    var session = TokenedSession(TokenedSession.crm)
    for principal in [TokenedSession.phone, .service(ServiceID(checked: "other"))] {
      #expect(
        !session.token.renew(
          with: .success(TokenedSession.token(principal, "2")), sequence: 7, &session.output))
      #expect(session.said() == .something)
    }
    #expect(session.asked().isEmpty)
  }

  private static let covering: [(Principal, Revocation, Bool)] = [
    (TokenedSession.phone, Revocation(tokenID: "1"), true),
    (TokenedSession.phone, Revocation(tokenID: "2"), false),
    (TokenedSession.phone, Revocation(tokenID: "1", isOfService: true), false),
    (TokenedSession.phone, Revocation(issuedUntil: Timestamp(milliseconds: 1_000)), true),
    (TokenedSession.phone, Revocation(issuedUntil: Timestamp(milliseconds: 999)), false),
    (
      TokenedSession.phone,
      Revocation(device: DeviceID(checked: "phone"), issuedUntil: Timestamp(milliseconds: 1_999)),
      true
    ),
    (
      TokenedSession.phone,
      Revocation(device: DeviceID(checked: "tablet"), issuedUntil: Timestamp(milliseconds: 1_999)),
      false
    ),
    (TokenedSession.crm, Revocation(issuedUntil: Timestamp(milliseconds: 1_999)), false),
    (
      TokenedSession.crm,
      Revocation(issuedUntil: Timestamp(milliseconds: 1_999), isOfService: true), true
    ),
  ]

  @Test("the session ends with what makes it void, and with nothing else", arguments: covering)
  func revoked(_ principal: Principal, _ revoked: Revocation, _ ends: Bool) {
    var session = TokenedSession(principal)
    let code = session.ended { (token, _) throws(EndOfSession) in try token.take(revoked) }
    #expect(code == (ends ? .tokenRevoked : nil))
  }

  @Test(
    "what makes a token void that is on its way counts, though the owner knew nothing of it yet")
  func race() throws {
    var session = TokenedSession(TokenedSession.phone)
    let next = TokenedSession.token(TokenedSession.phone, "2")
    #expect(session.token.renew(with: .success(next), sequence: 7, &session.output))
    #expect(
      session.ended { (token, _) throws(EndOfSession) in
        try token.take(Revocation(tokenID: "2"))
      } == nil)
    session.token.renewalAnswered(Self.good, sequence: 7, &session.output)
    #expect(session.token.stamp.id == "1")
  }

  @Test("the newest one is judged: an answer about another is followed by a question about it")
  func newest() throws {
    var session = TokenedSession(TokenedSession.crm)
    session.token.ask(&session.output)
    #expect(session.asked() == ["1 in user/crm"])
    let next = TokenedSession.token(TokenedSession.crm, "2")
    #expect(session.token.renew(with: .success(next), sequence: 7, &session.output))
    session.token.renewalAnswered(Self.good, sequence: 7, &session.output)
    _ = session.asked()
    let first = TokenStamp(issuedAt: Timestamp(milliseconds: 1_000), id: "1")
    #expect(
      session.ended { (token, output) throws(EndOfSession) in
        try token.answered(Self.bad, about: first, &output)
      } == nil)
    #expect(session.asked() == ["2 in user/crm"])
    #expect(
      session.ended { (token, output) throws(EndOfSession) in
        try token.answered(Self.bad, about: next.stamp, &output)
      } == .tokenRevoked)
    #expect(
      session.ended { (token, _) throws(EndOfSession) in
        try token.take(Revocation(tokenID: "1", isOfService: true))
      } == nil)
  }
}

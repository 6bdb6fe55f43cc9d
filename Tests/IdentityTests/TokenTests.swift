import DaybookModel
import Foundation
import JWTKit
import Ports
import Testing

@testable import Identity

@Suite("Tokens")
struct TokenTests {
  static let now = Timestamp(milliseconds: 1_800_000_000_000)
  static let secret = Secret(bytes: [UInt8](repeating: 7, count: 32))
  static let alice = Principal.device(UserID(checked: "alice"), DeviceID(checked: "phone"))
  static let importer = Principal.service(ServiceID(checked: "importer"))

  static func authority(
    secret: Secret = secret, logID: String = "log-1", at time: Timestamp = now
  ) async -> TokenAuthority {
    await TokenAuthority(secret: secret, logID: logID, now: { time })
  }

  /// What is wrong with it. A token is never good at once that isn't, nor another one's.
  static func code(_ token: String, by authority: TokenAuthority) async -> ErrorCode? {
    let atOnce = authority.checkAtOnce(token)
    do throws(DaybookError) {
      let checked = try await authority.check(token)
      #expect(atOnce == nil || atOnce == checked)
      return nil
    } catch {
      #expect(atOnce == nil)
      return error.code
    }
  }

  static func sign(_ claims: Claims) async throws -> String {
    try await JWTKeyCollection()
      .add(hmac: HMACKey(from: secret.bytes), digestAlgorithm: .sha256).sign(claims)
  }

  @Test("a token tells who it was made for", arguments: [alice, importer])
  func roundTrip(principal: Principal) async throws {
    let authority = await TokenTests.authority()
    let token = try await authority.issue(principal)
    #expect(try await authority.check(token).principal == principal)
  }

  @Test("a checked token says when it ends", arguments: [alice, importer])
  func expiresAt(principal: Principal) async throws {
    let authority = await TokenTests.authority()
    let token = try await authority.issue(principal, id: "t", expiresInSeconds: 60)
    let end = Timestamp(milliseconds: TokenTests.now.milliseconds + 60_000)
    #expect(
      try await authority.check(token)
        == CheckedToken(
          principal, expiresAt: end, stamp: TokenStamp(issuedAt: TokenTests.now, id: "t")))
  }

  @Test("each token has an id of its own")
  func ids() async throws {
    let authority = await TokenTests.authority()
    var ids: Set<String> = []
    for _ in 0..<100 {
      ids.insert(try await authority.check(try await authority.issue(TokenTests.alice)).stamp.id)
    }
    #expect(ids.count == 100 && !ids.contains(""))
  }

  @Test("a token that says it ends after all time is good")
  func endless() async throws {
    let claims = Claims(
      TokenTests.alice, logID: "log-1", issuedAt: 1_800_000_000, expiresAt: .max)
    let token = try await TokenTests.authority().check(try await TokenTests.sign(claims))
    #expect(token.expiresAt == Timestamp(milliseconds: .max))
  }

  @Test("a token is good up to its last second and expired from then on")
  func expiry() async throws {
    let token = try await TokenTests.authority().issue(TokenTests.alice, expiresInSeconds: 60)
    let before = Timestamp(milliseconds: TokenTests.now.milliseconds + 59_999)
    let after = Timestamp(milliseconds: TokenTests.now.milliseconds + 60_000)
    #expect(await TokenTests.code(token, by: TokenTests.authority(at: before)) == nil)
    #expect(await TokenTests.code(token, by: TokenTests.authority(at: after)) == .expiredToken)
  }

  @Test("a token that states nbf counts from then on, and 5 s before for clocks that differ")
  func notBefore() async throws {
    let cases: [(Int64, ErrorCode?)] = [
      (-100, nil), (0, nil), (5, nil), (6, .earlyToken), (3_600, .earlyToken),
      (Int64.max - 1_800_000_000, .earlyToken), (Int64.min, nil),
    ]
    for (seconds, code) in cases {
      var claims = Claims(
        TokenTests.alice, logID: "log-1", issuedAt: 1_800_000_000, expiresAt: .max)
      claims.nbf = 1_800_000_000 + seconds
      let token = try await TokenTests.sign(claims)
      #expect(await TokenTests.code(token, by: TokenTests.authority()) == code, "\(seconds)")
    }
  }

  @Test("a token that says it was made later than now is good: iat tells no more than that")
  func madeLater() async throws {
    let claims = Claims(
      TokenTests.alice, logID: "log-1", issuedAt: 1_800_009_999, expiresAt: 1_900_000_000)
    let token = try await TokenTests.sign(claims)
    #expect(await TokenTests.code(token, by: TokenTests.authority()) == nil)
  }

  @Test("a token of another log is foreign, whether or not the secret is the same")
  func foreign() async throws {
    let authority = await TokenTests.authority()
    for secret in [TokenTests.secret, Secret(bytes: [UInt8](repeating: 9, count: 32))] {
      let other = await TokenTests.authority(secret: secret, logID: "log-2")
      let token = try await other.issue(TokenTests.alice)
      #expect(await TokenTests.code(token, by: authority) == .foreignToken)
    }
  }

  @Test("a token that another secret signed for this log is invalid")
  func otherSecret() async throws {
    let other = await TokenTests.authority(secret: Secret(bytes: [UInt8](repeating: 9, count: 32)))
    let token = try await other.issue(TokenTests.alice)
    #expect(await TokenTests.code(token, by: TokenTests.authority()) == .invalidToken)
  }

  @Test(
    "what is no token is invalid",
    arguments: ["", "x", "a.b.c", "..", String(repeating: "é", count: 5000)])
  func noToken(text: String) async {
    #expect(await TokenTests.code(text, by: TokenTests.authority()) == .invalidToken)
    // What an operator is told of it are words of ours.
    let error = await #expect(throws: DaybookError.self) {
      try await TokenTests.authority().check(text)
    }
    #expect(error?.cause == nil && error?.message.hasPrefix("this is no token, for it") == true)
  }

  @Test("a token whose claims were changed is invalid")
  func tampered() async throws {
    let authority = await TokenTests.authority()
    let mine = try await authority.issue(TokenTests.alice).split(separator: ".")
    let bob = Principal.device(UserID(checked: "bob"), DeviceID(checked: "phone"))
    let his = try await authority.issue(bob).split(separator: ".")
    let mixed = "\(mine[0]).\(his[1]).\(mine[2])"
    #expect(await TokenTests.code(mixed, by: authority) == .invalidToken)
  }

  @Test("an unsigned token is invalid")
  func unsigned() async throws {
    let token = try await TokenTests.authority().issue(TokenTests.alice).split(separator: ".")
    let header = Data(#"{"alg":"none","typ":"JWT"}"#.utf8).base64EncodedString()
      .replacingOccurrences(of: "=", with: "")
    for forged in ["\(header).\(token[1]).", "\(header).\(token[1]).\(token[2])"] {
      #expect(await TokenTests.code(forged, by: TokenTests.authority()) == .invalidToken)
    }
  }

  @Test("well-signed claims of an unknown kind, without a device, or of a bad id are invalid")
  func badClaims() async throws {
    let good = Claims(
      TokenTests.alice, logID: "log-1", issuedAt: 1_800_000_000, expiresAt: 1_900_000_000)
    #expect(await TokenTests.code(try TokenTests.sign(good), by: TokenTests.authority()) == nil)
    let changes: [(inout Claims) -> Void] = [
      { $0.kind = "robot" }, { $0.device = nil }, { $0.sub = "a b" }, { $0.sub = "" },
      { $0.iss = "somebody" }, { $0.jti = "" }, { $0.deviceClass = "" }, { $0.deviceClass = "a b" },
      { $0.jti = String(repeating: "x", count: Limits.tokenIDBytesMax + 1) },
    ]
    for change in changes {
      var claims = good
      change(&claims)
      let code = await TokenTests.code(try TokenTests.sign(claims), by: TokenTests.authority())
      #expect(code == .invalidToken, "\(claims)")
    }
  }

  @Test("a token can't be made for no time, or for ever", arguments: [0, -1, Int64.max])
  func badDuration(seconds: Int64) async {
    let authority = await TokenTests.authority()
    await #expect(throws: DaybookError.self) {
      try await authority.issue(TokenTests.alice, expiresInSeconds: seconds)
    }
  }
}

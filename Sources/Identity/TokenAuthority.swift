import Crypto
package import DaybookModel
import Foundation
import JWTKit
package import Ports
import Synchronization

/// Makes and checks the tokens of one Daybook: JWT (RFC 7515, 7519) with HS256 and its own secret, and
/// those of keys that its operator trusts. Both may be changed while it is asked.
package final class TokenAuthority: TokenCheck {
  package static let secondsDefault: Int64 = 30 * 86_400
  /// A hundred years: what is longer is a mistake.
  package static let secondsMax: Int64 = 100 * 365 * 86_400

  /// How far the clock of who makes tokens may be ahead of this one, where they state `nbf`.
  package static let earlySecondsMax: Int64 = 5

  /// Keys of others, and what their tokens have to say.
  package struct Trusted: Sendable {
    package var keys: KeySet
    /// Nil for any.
    package var issuer: String?
    /// Nil for the log's id.
    package var audience: String?
    /// A service may do what every user may.
    package var admitsServices: Bool

    package init(
      _ keys: KeySet, issuer: String? = nil, audience: String? = nil, admitsServices: Bool = false
    ) {
      self.keys = keys
      self.issuer = issuer
      self.audience = audience
      self.admitsServices = admitsServices
    }
  }

  private struct Own: Sendable {
    let secret: [UInt8]
    let keys: JWTKeyCollection
    let key: SymmetricKey

    init(_ secret: Secret) async {
      self.secret = secret.bytes
      keys = await JWTKeyCollection().add(
        hmac: HMACKey(from: secret.bytes), digestAlgorithm: .sha256)
      key = SymmetricKey(data: secret.bytes)
    }
  }

  private struct Header: Decodable {
    var alg: String?
    var kid: String?
  }

  private let own: Mutex<Own>
  private let trusted = Mutex<Trusted?>(nil)
  private let logID: String
  private let now: @Sendable () -> Timestamp

  /// `now` tells the wall clock.
  package init(
    secret: Secret, logID: String, now: @escaping @Sendable () -> Timestamp
  ) async {
    own = Mutex(await Own(secret))
    self.logID = logID
    self.now = now
  }

  /// From now on tokens are made and checked with this secret. False if it is the one there was.
  package func change(to secret: Secret) async -> Bool {
    let next = await Own(secret)
    return own.withLock { own in
      defer { own = next }
      return own.secret != next.secret
    }
  }

  /// From now on these are trusted besides, and none that were before.
  package func trust(_ keys: Trusted?) { trusted.withLock { $0 = keys } }

  /// A token that is good for so many seconds. `id` is its own: by that it can be made void. Throws
  /// `invalid_argument`.
  package func issue(
    _ principal: Principal, _ deviceClass: DeviceClass? = nil, id: String = randomID(),
    expiresInSeconds seconds: Int64 = secondsDefault
  ) async throws(DaybookError) -> String {
    guard (1...TokenAuthority.secondsMax).contains(seconds) else {
      throw DaybookError(
        .invalidArgument, "a token lasts 1 to \(TokenAuthority.secondsMax) seconds")
    }
    let issuedAt = Int64(now().milliseconds / 1000)
    let claims = Claims(
      principal, deviceClass, id: id, logID: logID, issuedAt: issuedAt,
      expiresAt: issuedAt + seconds)
    do {
      return try await own.withLock(\.keys).sign(claims)
    } catch {
      throw DaybookError(.invalidArgument, "the token can't be signed", cause: error)
    }
  }

  /// 75 bits: up to 15 digits a string has them within itself.
  package static func randomID() -> String {
    let digits = Array("0123456789abcdefghijklmnopqrstuv")
    var generator = SystemRandomNumberGenerator()
    return String((0..<15).map { _ in digits[Int.random(in: 0..<32, using: &generator)] })
  }

  package func checkAtOnce(_ token: String) -> CheckedToken? {
    let key = own.withLock(\.key)
    guard let claims = PlainToken.claims(of: token, key: key), (try? checkOrigin(claims)) != nil
    else { return nil }
    return try? checked(claims)
  }

  package func check(_ token: String) async throws(DaybookError) -> CheckedToken {
    if let trusted = trusted.withLock({ $0 }), let header = TokenAuthority.header(of: token),
      let kid = header.kid, trusted.keys.has(kid)
    {
      let claims = try await trusted.keys.claims(
        of: token, signedBy: kid, header.alg ?? "")
      return try checked(claims, trusted)
    }
    return try await checkOwn(token)
  }

  private static func header(of token: String) -> Header? {
    var first = String(token.prefix { $0 != "." })
    guard let bytes = first.withUTF8({ Base64URL.decode($0) }) else { return nil }
    return try? JSONDecoder().decode(Header.self, from: Data(bytes))
  }

  // MARK: its own

  private func checkOwn(_ token: String) async throws(DaybookError) -> CheckedToken {
    let keys = own.withLock(\.keys)
    let stated: Claims
    do {
      stated = try await keys.unverified(token)
    } catch {
      throw DaybookError(
        .invalidToken,
        "this is no token, \(TokenAuthority.fault(token)): make one with 'daybook token'")
    }
    // Before the signature, which only the other Daybook could check.
    try checkOrigin(stated)
    let claims: Claims
    do {
      claims = try await keys.verify(token)
    } catch {
      throw DaybookError(
        .invalidToken, "the token's signature is wrong: make one with 'daybook token'")
    }
    return try checked(claims)
  }

  private func checkOrigin(_ claims: Claims) throws(DaybookError) {
    guard claims.iss == Claims.issuer else {
      throw DaybookError(
        .invalidToken, "the token was not made by Daybook, nor with a key that is trusted here")
    }
    guard claims.aud == logID else {
      throw DaybookError(
        .foreignToken, "the token is of another Daybook: make one with this one's data folder")
    }
  }

  /// Of claims that were signed.
  private func checked(_ claims: Claims) throws(DaybookError) -> CheckedToken {
    try checkTime(expires: claims.exp, notBefore: claims.nbf)
    return try claims.checked()
  }

  // MARK: of others

  private func checked(
    _ claims: TrustedClaims, _ trusted: Trusted
  ) throws(DaybookError) -> CheckedToken {
    if let issuer = trusted.issuer, claims.issuer != issuer {
      throw DaybookError(.invalidToken, "the token's issuer is not the one that is trusted here")
    }
    guard claims.audiences.contains(trusted.audience ?? logID) else {
      throw DaybookError(.foreignToken, "the token is for another audience than this Daybook")
    }
    try checkTime(expires: claims.expiresAt, notBefore: claims.notBefore)
    return try claims.checked(admitsServices: trusted.admitsServices)
  }

  private func checkTime(expires: Int64, notBefore: Int64?) throws(DaybookError) {
    let seconds = Int64(now().milliseconds / 1000)
    guard expires > seconds else {
      throw DaybookError(.expiredToken, "the token has expired: make a new one")
    }
    guard (notBefore ?? 0) <= seconds + TokenAuthority.earlySecondsMax else {
      throw DaybookError(
        .earlyToken, "the token does not count yet: connect again at the time that it states as nbf"
      )
    }
  }

  /// What can't be read in it. The library's words for it would speak of its own types.
  private static func fault(_ token: String) -> String {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 3
      ? "for its header and claims are not the JSON that is asked for"
      : "for it is not three parts with dots between"
  }
}

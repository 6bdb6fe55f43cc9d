import Crypto
package import DaybookModel
import JWTKit
package import Ports

/// Makes and checks the tokens of one Daybook: JWT with HS256 (RFC 7515, 7519).
package struct TokenAuthority: TokenCheck {
  package static let secondsDefault: Int64 = 30 * 86_400
  /// A hundred years: what is longer is a mistake.
  package static let secondsMax: Int64 = 100 * 365 * 86_400

  /// How far the clock of who makes tokens may be ahead of this one, where they state `nbf`.
  package static let earlySecondsMax: Int64 = 5

  private let keys: JWTKeyCollection
  private let key: SymmetricKey
  private let logID: String
  private let now: @Sendable () -> Timestamp

  /// `now` tells the wall clock.
  package init(
    secret: Secret, logID: String, now: @escaping @Sendable () -> Timestamp
  ) async {
    keys = await JWTKeyCollection().add(
      hmac: HMACKey(from: secret.bytes), digestAlgorithm: .sha256)
    key = SymmetricKey(data: secret.bytes)
    self.logID = logID
    self.now = now
  }

  /// A token that is good for so many seconds. Throws `invalid_argument`.
  package func issue(
    _ principal: Principal, expiresInSeconds seconds: Int64 = secondsDefault
  ) async throws(DaybookError) -> String {
    guard (1...TokenAuthority.secondsMax).contains(seconds) else {
      throw DaybookError(
        .invalidArgument, "a token lasts 1 to \(TokenAuthority.secondsMax) seconds")
    }
    let issuedAt = Int64(now().milliseconds / 1000)
    let claims = Claims(
      principal, logID: logID, issuedAt: issuedAt, expiresAt: issuedAt + seconds)
    do {
      return try await keys.sign(claims)
    } catch {
      throw DaybookError(.invalidArgument, "the token can't be signed", cause: error)
    }
  }

  package func checkAtOnce(_ token: String) -> CheckedToken? {
    guard let claims = PlainToken.claims(of: token, key: key), (try? checkOrigin(claims)) != nil
    else { return nil }
    return try? checked(claims)
  }

  package func check(_ token: String) async throws(DaybookError) -> CheckedToken {
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
      throw DaybookError(.invalidToken, "the token was not made by Daybook")
    }
    guard claims.aud == logID else {
      throw DaybookError(
        .foreignToken, "the token is of another Daybook: make one with this one's data folder")
    }
  }

  /// Of claims that were signed.
  private func checked(_ claims: Claims) throws(DaybookError) -> CheckedToken {
    let seconds = Int64(now().milliseconds / 1000)
    guard claims.exp > seconds else {
      throw DaybookError(.expiredToken, "the token has expired: make a new one")
    }
    guard (claims.nbf ?? 0) <= seconds + TokenAuthority.earlySecondsMax else {
      throw DaybookError(
        .earlyToken, "the token does not count yet: connect again at the time that it states as nbf"
      )
    }
    return CheckedToken(try claims.principal(), expiresAt: claims.expiresAt)
  }

  /// What can't be read in it. The library's words for it would speak of its own types.
  private static func fault(_ token: String) -> String {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 3
      ? "for its header and claims are not the JSON that is asked for"
      : "for it is not three parts with dots between"
  }
}

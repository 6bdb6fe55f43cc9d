import DaybookModel
import JWTKit
import Ports

/// What a token says (RFC 7519): who its holder is, and in which Daybook.
struct Claims: JWTPayload {
  static let issuer = "daybook"

  enum Kind: String {
    case device
    case service
  }

  var iss: String
  /// Id of the log: a token of another Daybook is told apart even though its secret is unknown.
  var aud: String
  /// The user, or the service.
  var sub: String
  /// A `Kind`; text, so that a kind of a later version is a claim that fails and no torn token.
  var kind: String
  /// Of a user's token only.
  var device: String?
  /// Seconds since 1970.
  var iat: Int64
  var exp: Int64
  /// The token counts from then on; nil: at once. `iat` says when it was made and nothing else
  /// (RFC 7519, 4.1.6): clocks differ, and one that is ahead makes no worse tokens.
  var nbf: Int64?

  init(_ principal: Principal, logID: String, issuedAt: Int64, expiresAt: Int64) {
    iss = Claims.issuer
    aud = logID
    iat = issuedAt
    exp = expiresAt
    switch principal {
    case .device(let user, let device):
      sub = user.text
      kind = Kind.device.rawValue
      self.device = device.text
    case .service(let service):
      sub = service.text
      kind = Kind.service.rawValue
    }
  }

  /// The signature alone is JWTKit's matter: `TokenAuthority` judges the claims, for each failure
  /// has an error of its own.
  func verify(using algorithm: some JWTAlgorithm) async throws {}

  /// From then on the token is good for nothing.
  var expiresAt: Timestamp {
    let (milliseconds, isTooMuch) = UInt64(max(0, exp)).multipliedReportingOverflow(by: 1000)
    return Timestamp(milliseconds: isTooMuch ? .max : milliseconds)
  }

  /// Throws `invalid_token` for claims that name nobody.
  func principal() throws(DaybookError) -> Principal {
    do throws(DaybookError) {
      switch Kind(rawValue: kind) {
      case .device: return .device(try UserID(sub), try DeviceID(device ?? ""))
      case .service: return .service(try ServiceID(sub))
      case nil:
        throw DaybookError(.invalidToken, "\(PrintableText.quoted(kind)) is no kind of token")
      }
    } catch {
      throw DaybookError(
        .invalidToken, "the token's claims name no user or service: get a new one", cause: error)
    }
  }
}

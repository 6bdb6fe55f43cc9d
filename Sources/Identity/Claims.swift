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
  /// What kind of device it is; of a user's token, and only where the server's operator wants it.
  var deviceClass: String?
  /// By which this one token can be made void; nil in those of earlier versions.
  var jti: String?
  /// Seconds since 1970.
  var iat: Int64
  var exp: Int64
  /// The token counts from then on; nil: at once. `iat` says when it was made and nothing else
  /// (RFC 7519, 4.1.6): clocks differ, and one that is ahead makes no worse tokens.
  var nbf: Int64?

  private enum CodingKeys: String, CodingKey {
    case iss, aud, sub, kind, device
    case deviceClass = "class"
    case jti, iat, exp, nbf
  }

  init(
    _ principal: Principal, _ deviceClass: DeviceClass? = nil, id: String? = nil, logID: String,
    issuedAt: Int64, expiresAt: Int64
  ) {
    iss = Claims.issuer
    aud = logID
    jti = id
    iat = issuedAt
    exp = expiresAt
    self.deviceClass = deviceClass?.text
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
  private var expiresAt: Timestamp { Claims.time(exp) }

  /// Throws `invalid_token` for a class or an id that is none.
  func checked() throws(DaybookError) -> CheckedToken {
    CheckedToken(
      try principal(), expiresAt: expiresAt,
      stamp: TokenStamp(issuedAt: Claims.time(iat), id: try Claims.id(jti)),
      deviceClass: try Claims.deviceClass(deviceClass))
  }

  static func time(_ seconds: Int64) -> Timestamp {
    let (milliseconds, isTooMuch) = UInt64(max(0, seconds)).multipliedReportingOverflow(by: 1000)
    return Timestamp(milliseconds: isTooMuch ? .max : milliseconds)
  }

  /// Throws `invalid_token`.
  static func id(_ jti: String?) throws(DaybookError) -> String {
    guard let jti else { return "" }
    guard (1...Limits.tokenIDBytesMax).contains(jti.utf8.count) else {
      throw DaybookError(
        .invalidToken, "the token's id 'jti' has 1 to \(Limits.tokenIDBytesMax) bytes")
    }
    return jti
  }

  /// Throws `invalid_token`.
  static func deviceClass(_ text: String?) throws(DaybookError) -> DeviceClass? {
    guard let text else { return nil }
    do throws(DaybookError) {
      return try DeviceClass(text)
    } catch {
      throw DaybookError(.invalidToken, "the token's 'class' is no id", cause: error)
    }
  }

  /// Throws `invalid_token` for claims that name nobody.
  private func principal() throws(DaybookError) -> Principal {
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

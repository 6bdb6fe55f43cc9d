import DaybookModel
import JWTKit
import Ports

/// What a token of somebody else's key says (RFC 7519): more freely than those that Daybook makes.
struct TrustedClaims: JWTPayload {
  let issuer: String?
  let audiences: [String]
  let subject: String
  let kind: String?
  let device: String?
  let deviceClass: String?
  let id: String?
  let issuedAt: Int64
  let expiresAt: Int64
  let notBefore: Int64?

  private enum Name: String, CodingKey {
    case iss, aud, sub, kind, device
    case deviceClass = "class"
    case jti, iat, exp, nbf
  }

  init(from decoder: any Decoder) throws {
    let claims = try decoder.container(keyedBy: Name.self)
    issuer = try claims.decodeIfPresent(String.self, forKey: .iss)
    audiences =
      try (try? claims.decode([String].self, forKey: .aud))
      ?? [claims.decode(String.self, forKey: .aud)]
    subject = try claims.decode(String.self, forKey: .sub)
    kind = try claims.decodeIfPresent(String.self, forKey: .kind)
    device = try claims.decodeIfPresent(String.self, forKey: .device)
    deviceClass = try claims.decodeIfPresent(String.self, forKey: .deviceClass)
    id = try claims.decodeIfPresent(String.self, forKey: .jti)
    issuedAt = try TrustedClaims.seconds(claims, .iat) ?? 0
    expiresAt = try TrustedClaims.seconds(claims, .exp) ?? 0
    notBefore = try TrustedClaims.seconds(claims, .nbf)
  }

  /// A number of seconds may have a fraction.
  private static func seconds(
    _ claims: KeyedDecodingContainer<Name>, _ name: Name
  ) throws -> Int64? {
    guard let seconds = try claims.decodeIfPresent(Double.self, forKey: name) else { return nil }
    guard seconds.isFinite, seconds >= 0, seconds < 9e15 else {
      throw DecodingError.dataCorruptedError(
        forKey: name, in: claims, debugDescription: "no time in seconds")
    }
    return Int64(seconds)
  }

  /// Tokens are read here and not made.
  func encode(to encoder: any Encoder) throws {}

  /// The signature alone is JWTKit's matter.
  func verify(using algorithm: some JWTAlgorithm) async throws {}

  /// Throws `invalid_token` for claims that name nobody, and for a service where none is let in.
  func checked(admitsServices: Bool) throws(DaybookError) -> CheckedToken {
    CheckedToken(
      try principal(admitsServices: admitsServices), expiresAt: Claims.time(expiresAt),
      stamp: TokenStamp(issuedAt: Claims.time(issuedAt), id: try Claims.id(id)),
      deviceClass: try Claims.deviceClass(deviceClass))
  }

  private func principal(admitsServices: Bool) throws(DaybookError) -> Principal {
    do throws(DaybookError) {
      switch Claims.Kind(rawValue: kind ?? Claims.Kind.device.rawValue) {
      case .device: return .device(try UserID(subject), try DeviceID(device ?? ""))
      case .service where admitsServices: return .service(try ServiceID(subject))
      case .service:
        throw DaybookError(.invalidToken, "services are not let in by keys of the set")
      case nil:
        throw DaybookError(.invalidToken, "\(PrintableText.quoted(kind ?? "")) is no kind of token")
      }
    } catch  where error.code != .invalidToken {
      throw DaybookError(
        .invalidToken, "the token's claims name no user with a device: see sub and device",
        cause: error)
    }
  }
}

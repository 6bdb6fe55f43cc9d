import Crypto
import DaybookModel
import Foundation
import JWTKit
import Ports
import Testing

@testable import Identity

/// As an identity provider writes it.
private struct Provided: JWTPayload {
  var iss: String? = "https://id.example.com"
  var aud = AudienceClaim(value: ["chat", "mail"])
  var sub = "alice"
  var device: String? = "phone"
  var kind: String?
  var `class`: String?
  var jti: String?
  var iat: Double?
  var exp: Double? = 1_800_000_060.5
  var nbf: Double?

  func verify(using algorithm: some JWTAlgorithm) async throws {}
}

@Suite("tokens of others' keys") struct KeySetTests {
  private static let now = Timestamp(milliseconds: 1_800_000_000_000)
  private static let kinds = ["RSA", "EC", "OKP", "oct"]

  /// What a provider has, and what it tells.
  private struct Provider {
    let keys = JWTKeyCollection()
    var set: [[String: String]] = []

    init(_ kinds: [String] = KeySetTests.kinds) async throws {
      for kind in kinds { try await add(kind, "\(kind)-1") }
    }

    mutating func add(_ kind: String, _ kid: String) async throws {
      let id = JWKIdentifier(string: kid)
      switch kind {
      case "RSA":
        let key = try Insecure.RSA.PrivateKey(pem: try KeySetTests.fixture("rsa.pem"))
        await keys.add(rsa: key, digestAlgorithm: .sha256, kid: id)
        let parts = try key.publicKey.getKeyPrimitives()
        set.append([
          "kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256",
          "n": KeySetTests.text(parts.modulus), "e": KeySetTests.text(parts.publicExponent),
        ])
      case "EC":
        let key = P256.Signing.PrivateKey()
        await keys.add(ecdsa: try ES256PrivateKey(backing: key), kid: id)
        let point = key.publicKey.rawRepresentation
        set.append([
          "kty": "EC", "kid": kid, "crv": "P-256", "x": KeySetTests.text(point.prefix(32)),
          "y": KeySetTests.text(point.suffix(32)),
        ])
      case "OKP":
        let key = Curve25519.Signing.PrivateKey()
        await keys.add(eddsa: EdDSA.PrivateKey(backing: key), kid: id)
        set.append([
          "kty": "OKP", "kid": kid, "crv": "Ed25519",
          "x": KeySetTests.text(key.publicKey.rawRepresentation),
        ])
      default:
        let secret = [UInt8]((0..<32).map { UInt8($0) &+ UInt8(kid.utf8.count) })
        await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256, kid: id)
        set.append(["kty": "oct", "kid": kid, "k": KeySetTests.text(Data(secret))])
      }
    }

    func token(_ kid: String, _ claims: Provided = Provided()) async throws -> String {
      try await keys.sign(claims, kid: JWKIdentifier(string: kid))
    }
  }

  fileprivate static func text(_ bytes: some DataProtocol) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }

  fileprivate static func fixture(_ name: String) throws -> String {
    let tests = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(
      contentsOf: tests.appending(path: "Fixtures/keys/\(name)"), encoding: .utf8)
  }

  private static func load(_ set: Any, mode: Int = 0o600) async throws -> KeySet {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "daybook-keys-\(UUID()).json"
    ).path
    let data = try JSONSerialization.data(withJSONObject: set)
    _ = FileManager.default.createFile(
      atPath: path, contents: data, attributes: [.posixPermissions: mode])
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await KeySet.load(at: path)
  }

  private static func authority(
    _ set: [[String: String]], issuer: String? = nil, audience: String? = "chat",
    services: Bool = false
  ) async throws -> TokenAuthority {
    let authority = await TokenAuthority(
      secret: TokenTests.secret, logID: "log-1", now: { now })
    authority.trust(
      TokenAuthority.Trusted(
        try await load(["keys": set]), issuer: issuer, audience: audience,
        admitsServices: services))
    return authority
  }

  private static func code(_ token: String, _ authority: TokenAuthority) async -> ErrorCode? {
    #expect(authority.checkAtOnce(token) == nil)
    do throws(DaybookError) {
      _ = try await authority.check(token)
      return nil
    } catch {
      return error.code
    }
  }

  @Test("tell who holds them, by each kind of key, beside those made with the secret")
  func kinds() async throws {
    let provider = try await Provider()
    let authority = try await Self.authority(provider.set)
    for kind in Self.kinds {
      let checked = try await authority.check(try await provider.token("\(kind)-1"))
      #expect(checked.principal == TokenTests.alice, "\(kind)")
      #expect(checked.expiresAt == Timestamp(milliseconds: 1_800_000_060_000))
    }
    let own = try await authority.issue(TokenTests.alice)
    #expect(try await authority.check(own).principal == TokenTests.alice)
  }

  @Test("are good for the one algorithm that their key is for, and for no other key's")
  func confusion() async throws {
    let provider = try await Provider(["EC", "oct"])
    let authority = try await Self.authority(provider.set)
    let good = try await provider.token("EC-1")
    let parts = good.split(separator: ".").map(String.init)
    for header in [
      #"{"alg":"none","kid":"EC-1"}"#, #"{"alg":"HS256","kid":"EC-1"}"#, #"{"kid":"EC-1"}"#,
      #"{"alg":"ES256","kid":"oct-1"}"#, #"{"alg":"ES384","kid":"EC-1"}"#,
    ] {
      let forged = Self.text(Data(header.utf8))
      for signature in [parts[2], ""] {
        let token = "\(forged).\(parts[1]).\(signature)"
        #expect(await Self.code(token, authority) == .invalidToken, "\(header)")
      }
      // Signed with the public key as if that were a secret.
      let key = SymmetricKey(data: Data(provider.set[0]["x"]!.utf8))
      let code = HMAC<SHA256>.authenticationCode(
        for: Data("\(forged).\(parts[1])".utf8), using: key)
      let token = "\(forged).\(parts[1]).\(Self.text(Data(code)))"
      #expect(await Self.code(token, authority) == .invalidToken, "\(header)")
    }
    // A key that is not in the set is no key.
    let other = try await Provider(["EC"])
    #expect(await Self.code(try await other.token("EC-1"), authority) == .invalidToken)
  }

  @Test("are held to issuer, audience and times")
  func claims() async throws {
    let provider = try await Provider(["EC"])
    let authority = try await Self.authority(
      provider.set, issuer: "https://id.example.com", audience: "chat")
    func code(_ change: (inout Provided) -> Void) async throws -> ErrorCode? {
      var claims = Provided()
      change(&claims)
      return await Self.code(try await provider.token("EC-1", claims), authority)
    }
    #expect(try await code { _ in } == nil)
    #expect(try await code { $0.aud = AudienceClaim(value: ["chat"]) } == nil)
    #expect(try await code { $0.iss = "https://evil.example.com" } == .invalidToken)
    #expect(try await code { $0.iss = nil } == .invalidToken)
    #expect(try await code { $0.aud = AudienceClaim(value: ["mail"]) } == .foreignToken)
    #expect(try await code { $0.exp = 1_800_000_000 } == .expiredToken)
    #expect(try await code { $0.exp = nil } == .expiredToken)
    #expect(try await code { $0.exp = -1 } == .invalidToken)
    #expect(try await code { $0.nbf = 1_800_000_006 } == .earlyToken)
    #expect(try await code { $0.nbf = 1_800_000_004.5 } == nil)
    #expect(try await code { $0.sub = "no slashes/please" } == .invalidToken)
    #expect(try await code { $0.device = nil } == .invalidToken)
    #expect(try await code { $0.kind = "root" } == .invalidToken)
    #expect(try await code { $0.kind = "service" } == .invalidToken)
  }

  @Test("have an id, a class and a time at which they were made, where they say so")
  func stamps() async throws {
    let provider = try await Provider(["EC"])
    let authority = try await Self.authority(provider.set)
    func checked(_ change: (inout Provided) -> Void) async throws -> CheckedToken {
      var claims = Provided()
      change(&claims)
      return try await authority.check(try await provider.token("EC-1", claims))
    }
    let bare = try await checked { _ in }
    #expect(bare.stamp == TokenStamp(issuedAt: .none) && bare.deviceClass == nil)
    let full = try await checked { ($0.class, $0.jti, $0.iat) = ("phone", "x y", 1_800_000_000.9) }
    #expect(full.stamp == TokenStamp(issuedAt: Self.now, id: "x y"))
    #expect(full.deviceClass == DeviceClass(checked: "phone"))
    let long = String(repeating: "x", count: Limits.tokenIDBytesMax + 1)
    for change: (inout Provided) -> Void in [
      { $0.class = "a b" }, { $0.class = "" }, { $0.jti = "" }, { $0.jti = long }, { $0.iat = -1 },
    ] {
      await #expect(throws: DaybookError.self) { _ = try await checked(change) }
    }
  }

  @Test("speak for services only where that is said")
  func services() async throws {
    let provider = try await Provider(["OKP"])
    var claims = Provided()
    (claims.kind, claims.sub) = ("service", "crm")
    let token = try await provider.token("OKP-1", claims)
    let authority = try await Self.authority(provider.set, services: true)
    #expect(try await authority.check(token).principal == .service(ServiceID(checked: "crm")))
  }

  @Test("are good as long as their key is in the set")
  func rotation() async throws {
    var provider = try await Provider(["EC"])
    let old = try await provider.token("EC-1")
    try await provider.add("EC", "EC-2")
    let new = try await provider.token("EC-2")
    let authority = try await Self.authority([provider.set[0]])
    #expect(await Self.code(old, authority) == nil)
    #expect(await Self.code(new, authority) == .invalidToken)
    for (set, oldCode) in [(provider.set, nil), ([provider.set[1]], ErrorCode.invalidToken)] {
      authority.trust(
        TokenAuthority.Trusted(try await Self.load(["keys": set]), audience: "chat"))
      #expect(await Self.code(old, authority) == oldCode)
      #expect(await Self.code(new, authority) == nil)
    }
    authority.trust(nil)
    #expect(await Self.code(new, authority) == .invalidToken)
  }

  @Test("the secret can be changed: tokens of the one before are good no more")
  func secret() async throws {
    let authority = await TokenTests.authority()
    let old = try await authority.issue(TokenTests.alice)
    #expect(await authority.change(to: TokenTests.secret) == false)
    #expect(authority.checkAtOnce(old) != nil)
    #expect(await authority.change(to: Secret(bytes: [UInt8](repeating: 9, count: 32))))
    #expect(await Self.code(old, authority) == .invalidToken)
    let new = try await authority.issue(TokenTests.alice)
    #expect(authority.checkAtOnce(new) != nil)
  }

  @Test("a set that has a key that can't be used is refused as a whole, and it says which")
  func faults() async throws {
    let provider = try await Provider(["EC", "oct"])
    let (good, secret) = (provider.set[0], provider.set[1])
    func changed(_ key: [String: String], _ name: String, _ value: String?) -> [String: String] {
      var key = key
      key[name] = value
      return key
    }
    let cases: [(Any, String)] = [
      (["keys": [] as [Any]], "has no key"), (["kies": [good]], "is no key set"),
      (["keys": [changed(good, "kid", nil)]], "without an id"),
      (["keys": [good, good]], "two keys called 'EC-1'"),
      (["keys": [changed(good, "use", "enc")]], "'EC-1' is for 'enc'"),
      (["keys": [changed(good, "crv", "P-521")]], "'EC-1' is no key of"),
      (["keys": [changed(good, "alg", "HS256")]], "'EC-1' is no key of"),
      (["keys": [changed(good, "d", "AAAA")]], "private part"),
      (["keys": [changed(good, "x", "AAAA")]], "'EC-1'"),
      (["keys": [changed(secret, "k", "AAAA")]], "32 bytes"),
      (["keys": [changed(secret, "k", nil)]], "32 bytes"),
      (
        ["keys": (0...KeySet.keysMax).map { changed(good, "kid", "\($0)") }],
        "more than \(KeySet.keysMax) keys"
      ),
    ]
    for (set, says) in cases {
      let error = await #expect(throws: DaybookError.self) { try await Self.load(set) }
      #expect(error?.code == .invalidInput, "\(set)")
      #expect(error?.message.contains(says) == true, "\(error?.message ?? "") for \(says)")
    }
    let seen = await #expect(throws: DaybookError.self) {
      try await Self.load(["keys": [secret]], mode: 0o644)
    }
    #expect(seen?.code == .permissionDenied)
    _ = try await Self.load(["keys": [good]], mode: 0o644)
    let missing = await #expect(throws: DaybookError.self) {
      try await KeySet.load(at: "/nowhere/keys.json")
    }
    #expect(missing?.code == .invalidInput)
  }
}

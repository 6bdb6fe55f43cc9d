import Crypto
import DaybookModel
import Foundation
import Ports
import Testing

@testable import Identity

@Suite("tokens that are read at once")
struct PlainTokenTests {
  private static let header = #"{"alg":"HS256","typ":"JWT"}"#
  private static let claims = #"""
    {"iss":"daybook","aud":"log-1","sub":"alice","kind":"device","device":"phone","iat":1800000000,"exp":1900000000}
    """#

  private static func sign(_ header: String, _ claims: String) -> String {
    let signed = [header, claims].map { base64URL(Data($0.utf8)) }.joined(separator: ".")
    let signature = HMAC<SHA256>.authenticationCode(
      for: Data(signed.utf8), using: SymmetricKey(data: TokenTests.secret.bytes))
    return "\(signed).\(base64URL(Data(signature)))"
  }

  @Test(
    "a token that Daybook made is known at once, of any length of id",
    arguments: [1, 2, 3, 4, 15, 16, 17, 63, 64])
  func made(length: Int) async throws {
    let authority = await TokenTests.authority()
    let id = String(repeating: "é", count: length / 2) + String(repeating: "a", count: length % 2)
    let principals = [
      Principal.device(UserID(checked: id), DeviceID(checked: id)),
      .service(ServiceID(checked: id)),
    ]
    for principal in principals {
      let kind = principal == principals[0] ? DeviceClass(checked: id) : nil
      let token = try await authority.issue(principal, kind, id: "t", expiresInSeconds: 60)
      let end = Timestamp(milliseconds: TokenTests.now.milliseconds + 60_000)
      #expect(
        authority.checkAtOnce(token)
          == CheckedToken(
            principal, expiresAt: end, stamp: TokenStamp(issuedAt: TokenTests.now, id: "t"),
            deviceClass: kind))
    }
  }

  @Test("one that was good is refused from its last second on, however often it was known before")
  func expires() async throws {
    let token = try await TokenTests.authority().issue(TokenTests.alice, expiresInSeconds: 60)
    let before = await TokenTests.authority(
      at: Timestamp(milliseconds: TokenTests.now.milliseconds + 59_999))
    let after = await TokenTests.authority(
      at: Timestamp(milliseconds: TokenTests.now.milliseconds + 60_000))
    for _ in 1...3 {
      #expect(before.checkAtOnce(token) != nil)
      #expect(after.checkAtOnce(token) == nil)
    }
  }

  @Test("no token is known at once after the secret has changed")
  func otherSecret() async throws {
    let authority = await TokenTests.authority()
    let token = try await authority.issue(TokenTests.alice)
    #expect(authority.checkAtOnce(token) != nil)
    let other = await TokenTests.authority(secret: Secret(bytes: [UInt8](repeating: 9, count: 32)))
    #expect(other.checkAtOnce(token) == nil)
  }

  @Test("no token is known at once of which a character was changed, left out or added")
  func changed() async throws {
    let authority = await TokenTests.authority()
    let token = Array(PlainTokenTests.sign(PlainTokenTests.header, PlainTokenTests.claims).utf8)
    #expect(authority.checkAtOnce(String(decoding: token, as: UTF8.self)) != nil)
    for at in token.indices {
      for other in [UInt8(ascii: "A"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "=")]
      where other != token[at] {
        var changed = token
        changed[at] = other
        #expect(authority.checkAtOnce(String(decoding: changed, as: UTF8.self)) == nil, "\(at)")
      }
      for changed in [Array(token[..<at]), Array(token[..<at] + token[(at + 1)...])] {
        #expect(authority.checkAtOnce(String(decoding: changed, as: UTF8.self)) == nil, "\(at)")
      }
    }
    for more in ["A", "=", ".", ".A", " "] {
      let longer = String(decoding: token, as: UTF8.self) + more
      #expect(authority.checkAtOnce(longer) == nil, "\(more)")
    }
  }

  /// A form of the claims, and whether it is read at once. Whether it is good, `check` says.
  private static let forms: [(claims: String, isAtOnce: Bool)] = [
    (claims, true),
    (" { \"iss\" :\t\"daybook\",\r\n" + claims.dropFirst(17), true),
    (claims.replacing("}", with: #","nbf":1800000000,"name":"Alice","level":-3}"#), true),
    (claims.replacing("alice", with: "al\u{e9}"), true),
    (claims.replacing("}", with: #","jti":"a b/c","class":"phone"}"#), true),
    (claims.replacing("}", with: #","jti":7}"#), false),
    (claims.replacing("}", with: #","class":["phone"]}"#), false),
    (claims.replacing("alice", with: #"al\u0069ce"#), false),
    (claims.replacing("1900000000", with: "1900000000.0"), false),
    (claims.replacing("1900000000", with: "19e8"), false),
    (claims.replacing("1900000000", with: "01900000000"), false),
    (claims.replacing("1900000000", with: "1900000000000000000"), false),
    (claims.replacing("1900000000", with: "\"1900000000\""), false),
    (claims.replacing("1900000000", with: "- 1"), false),
    (claims.replacing("}", with: #","roles":["a"]}"#), false),
    (claims.replacing("}", with: #","more":{"a":"b"}}"#), false),
    (claims.replacing("}", with: #","nbf":null}"#), false),
    (claims.replacing("}", with: #","nbf":"soon"}"#), false),
    (claims.replacing("}", with: #","sub":"mallory"}"#), false),
    (claims.replacing("\"phone\"", with: "7"), false),
    (claims.replacing("}", with: ",}"), false), (claims + " x", false), (claims + claims, false),
    (claims.replacing(",\"sub\"", with: " \"sub\""), false),
    (String(claims.dropLast()), false), ("[\(claims)]", false), ("{}", false), ("", false),
    (claims.replacing("alice", with: "al\u{1}"), false),
    (claims.replacing("}", with: ",\"name\":\"\(String(repeating: "a", count: 4_096))\"}"), false),
  ]

  @Test("what is unusual in the claims is left to who reads all JSON", arguments: forms.indices)
  func unusual(index: Int) async {
    let (claims, isAtOnce) = PlainTokenTests.forms[index]
    let authority = await TokenTests.authority()
    let token = PlainTokenTests.sign(PlainTokenTests.header, claims)
    #expect((authority.checkAtOnce(token) != nil) == isAtOnce, "\(claims)")
    // And never known to be good where that one says otherwise.
    let code = await TokenTests.code(token, by: authority)
    if isAtOnce { #expect(code == nil, "\(claims)") }
  }

  @Test(
    "any header of plain texts is passed over, as its signature counts alone",
    arguments: [
      (#"{"typ":"JWT","alg":"HS256"}"#, true), (#"{"alg":"none"}"#, true),
      (#"{"alg":"HS256","kid":"7"}"#, true), (#"{"alg":5}"#, false), ("x", false), ("", false),
      (#"{"alg":"HS256","crit":["exp"]}"#, false),
    ])
  func headers(header: String, isAtOnce: Bool) async {
    let authority = await TokenTests.authority()
    let token = PlainTokenTests.sign(header, PlainTokenTests.claims)
    #expect((authority.checkAtOnce(token) != nil) == isAtOnce)
    let code = await TokenTests.code(token, by: authority)
    if isAtOnce { #expect(code == nil) }
  }
}

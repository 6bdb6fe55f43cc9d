import Crypto
import DaybookModel
import Doubles
import Foundation
import Ports
import Testing

@testable import Identity

/// `schemas/tokens.md`, by which others make tokens.
@Suite("schemas/tokens.md")
struct DocumentedTokenTests {
  private static let page = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../schemas/tokens.md")
  private static let logID = "b0a1c2d3e4f5061728394a5b6c7d8e9f"
  private static let secretLine = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
  private static let made = Timestamp(milliseconds: 1_800_000_000_000)
  private static let mobile = DeviceClass(checked: "mobile")
  private static let id = "4kq0v9s2m7d1t3a"
  private static let alice = Principal.device(UserID(checked: "alice"), DeviceID(checked: "phone"))

  private func block(_ kind: String) throws -> String {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    let parts = text.components(separatedBy: "```\(kind)\n")
    try #require(parts.count == 2, "there is one block '\(kind)'")
    return parts[1].components(separatedBy: "\n```")[0]
  }

  /// That of a file with the page's line in it.
  private func secret() throws -> Secret {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "daybook-secret-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data((Self.secretLine + "\n").utf8).write(to: URL(filePath: path))
    chmod(path, 0o600)
    return try Secret.load(at: path)
  }

  private func authority(at time: Timestamp = made) async throws -> TokenAuthority {
    await TokenAuthority(secret: try secret(), logID: Self.logID, now: { time })
  }

  private func json(_ part: Substring) throws -> Data {
    var text = String(part).replacing("-", with: "+").replacing("_", with: "/")
    text += String(repeating: "=", count: (4 - text.count % 4) % 4)
    return try #require(Data(base64Encoded: text))
  }

  private func object(_ data: Data) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func code(_ header: String, _ claims: String) async throws -> ErrorCode? {
    let signed = [header, claims].map { base64URL(Data($0.utf8)) }.joined(separator: ".")
    let signature = HMAC<SHA256>.authenticationCode(
      for: Data(signed.utf8), using: SymmetricKey(data: try secret().bytes))
    let token = "\(signed).\(base64URL(Data(signature)))"
    return await TokenTests.code(token, by: try authority())
  }

  @Test("the secret and the log id are those that the page states")
  func stated() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    #expect(text.contains("`\(Self.secretLine)`") && text.contains("`\(Self.logID)`"))
    #expect(try secret().bytes == Array(0..<32))
  }

  @Test("the token is good for whom it names, for a day")
  func accepted() async throws {
    let token = try block("text token")
    let end = Timestamp(milliseconds: Self.made.milliseconds + 86_400_000)
    let stamp = TokenStamp(
      issuedAt: Timestamp(milliseconds: Self.made.milliseconds / 1_000 * 1_000), id: Self.id)
    #expect(
      try await authority().check(token)
        == CheckedToken(Self.alice, expiresAt: end, stamp: stamp, deviceClass: Self.mobile))
    #expect(await TokenTests.code(token, by: try authority(at: end)) == .expiredToken)
  }

  @Test("header and claims are the token's, and those that Daybook itself writes")
  func parts() async throws {
    let token = try block("text token").split(separator: ".")
    let own = try await authority().issue(
      Self.alice, Self.mobile, id: Self.id, expiresInSeconds: 86_400
    ).split(separator: ".")
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    #expect(text.contains("`\(String(decoding: try json(token[0]), as: UTF8.self))`"))
    #expect(String(decoding: try json(token[1]), as: UTF8.self) == (try block("json claims")))
    for part in 0...1 {
      let (documented, made) = (try object(try json(token[part])), try object(try json(own[part])))
      #expect(NSDictionary(dictionary: documented) == NSDictionary(dictionary: made))
    }
  }

  @Test("the table has a row for every claim that is written, and only nbf besides")
  func claims() throws {
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    let section = try #require(
      page.components(separatedBy: "\n## ").first { $0.hasPrefix("Claims\n") })
    let rows = section.split(separator: "\n")
      .filter { $0.hasPrefix("| `") }.map { String($0.dropFirst(3).prefix { $0 != "`" }) }
    let written = try object(Data(try block("json claims").utf8)).keys
    #expect(Set(rows) == Set(written).union(["nbf"]) && rows.count == written.count + 1)
  }

  @Test("claims that are missing or of another type make no token")
  func refused() async throws {
    let (header, good) = (#"{"alg":"HS256","typ":"JWT"}"#, try block("json claims"))
    #expect(try await code(header, good) == nil)
    #expect(try await code(#"{ "typ":"JWT", "alg":"HS256", "x":1 }"#, good) == nil)
    for name in ["iss", "aud", "kind", "sub", "device", "iat", "exp"] {
      var claims = try object(Data(good.utf8))
      claims[name] = nil
      let without = String(
        decoding: try JSONSerialization.data(withJSONObject: claims), as: UTF8.self)
      #expect(try await code(header, without) == .invalidToken, "\(name)")
    }
    let listed = good.replacing(#""\#(Self.logID)""#, with: #"["\#(Self.logID)"]"#)
    #expect(try await code(header, listed) == .invalidToken)
    let quoted = good.replacing("1800086400", with: #""1800086400""#)
    #expect(try await code(header, quoted) == .invalidToken)
  }

  @Test("a signature is HS256, whatever the header says, and has to be there")
  func algorithm() async throws {
    let good = try block("json claims")
    for algorithm in ["none", "HS384", "RS256"] {
      let header = #"{"alg":"\#(algorithm)","typ":"JWT"}"#
      #expect(try await code(header, good) == nil, "\(algorithm)")
      let signed = [header, good].map { base64URL(Data($0.utf8)) }.joined(separator: ".")
      #expect(await TokenTests.code(signed + ".", by: try authority()) == .invalidToken)
    }
  }

  @Test("the Python makes that token", .enabled(if: python3 != nil, "there is no python3"))
  func python() throws {
    let script = """
      \(try block("python"))
      import sys
      print(token(sys.argv[1] + "\\n", json.loads(sys.argv[2])))
      """
    let output = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: output) }
    let process = try ChildProcess(
      try #require(python3).path, ["-c", script, Self.secretLine, try block("json claims")],
      output: output.path)
    #expect(process.finished() == 0)
    #expect(try String(contentsOf: output, encoding: .utf8) == (try block("text token")) + "\n")
  }
}

func base64URL(_ data: Data) -> String {
  data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    .replacing("=", with: "")
}

private let python3: URL? =
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
  .map { URL(filePath: "\($0)/python3") }
  .first { FileManager.default.isExecutableFile(atPath: $0.path) }

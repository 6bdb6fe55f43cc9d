package import DaybookModel
import Foundation
import Glibc
import JWTKit

/// Keys that others sign tokens with: a JSON Web Key Set (RFC 7517), each key with an id of its own. A key
/// is good for one algorithm, whatever a token's header says: RS256, ES256, EdDSA (Ed25519) or HS256.
package struct KeySet: Sendable {
  private struct Key: Sendable {
    let algorithm: String
    /// Of this key alone: where another one is not found, a collection takes its first.
    let keys: JWTKeyCollection
  }

  private struct Description: Decodable {
    struct Key: Decodable {
      var kty: String
      var kid: String?
      var alg: String?
      var use: String?
      var crv: String?
      /// Of `oct`.
      var k: String?
      /// The private part of all others.
      var d: String?
    }

    var keys: [Key]
  }

  private static let bytesMax = 1 << 20
  package static let keysMax = 64
  /// RFC 7518, 3.2: no shorter than the hash.
  private static let secretBytesMin = 32

  private let keys: [String: Key]

  package var ids: [String] { keys.keys.sorted() }

  /// Throws `invalid_input` for what is no such set, or has a key that can't be used; `permission_denied`
  /// where there is a secret in it and others can read the file.
  package static func load(at path: String) async throws(DaybookError) -> KeySet {
    let bytes = try contents(of: path)
    let description: Description
    let texts: [Data]
    do {
      description = try JSONDecoder().decode(Description.self, from: Data(bytes))
      texts = try KeySet.eachKey(bytes)
    } catch {
      throw fault(
        path, "is no key set: an object with 'keys', each with 'kty' and 'kid' (RFC 7517)")
    }
    guard description.keys.count <= keysMax else {
      throw fault(path, "has more than \(keysMax) keys")
    }
    var keys: [String: Key] = [:]
    for (key, text) in zip(description.keys, texts) {
      guard let kid = key.kid, !kid.isEmpty else {
        throw fault(path, "has a key without an id: give each its 'kid'")
      }
      guard keys[kid] == nil else { throw fault(path, "has two keys called '\(kid)'") }
      keys[kid] = try await KeySet.key(key, kid, text, path)
    }
    guard !keys.isEmpty else { throw fault(path, "has no key") }
    return KeySet(keys: keys)
  }

  private static func key(
    _ key: Description.Key, _ kid: String, _ text: Data, _ path: String
  ) async throws(DaybookError) -> Key {
    if let use = key.use, use != "sig" { throw fault(path, "'\(kid)' is for '\(use)', not 'sig'") }
    guard let algorithm = algorithm(of: key) else {
      throw fault(
        path, "'\(kid)' is no key of RS256, ES256 (P-256), EdDSA (Ed25519) or HS256")
    }
    if key.kty == "oct" {
      try checkOwnersOnly(path)
      guard let secret = secret(key), secret.count >= secretBytesMin else {
        throw fault(path, "'\(kid)' has no secret 'k' of \(secretBytesMin) bytes or more")
      }
      let keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
      return Key(algorithm: algorithm, keys: keys)
    }
    guard key.d == nil else {
      throw fault(path, "'\(kid)' has its private part 'd': give Daybook the public one alone")
    }
    do {
      let jwk = try JSONDecoder().decode(JWK.self, from: text)
      let keys = try await JWTKeyCollection().add(jwk: jwk)
      // Made now, so that one that is none is found now.
      _ = try await keys.getKey(for: JWKIdentifier(string: kid), alg: algorithm)
      return Key(algorithm: algorithm, keys: keys)
    } catch {
      throw fault(path, "'\(kid)' is not as its kind of key is described")
    }
  }

  private static func algorithm(of key: Description.Key) -> String? {
    let algorithm: String
    switch (key.kty, key.crv) {
    case ("RSA", _): algorithm = "RS256"
    case ("EC", "P-256"): algorithm = "ES256"
    case ("OKP", "Ed25519"): algorithm = "EdDSA"
    case ("oct", _): algorithm = "HS256"
    default: return nil
    }
    return key.alg == nil || key.alg == algorithm ? algorithm : nil
  }

  private static func secret(_ key: Description.Key) -> [UInt8]? {
    guard var text = key.k else { return nil }
    return text.withUTF8 { Base64URL.decode($0) }
  }

  private static func eachKey(_ bytes: [UInt8]) throws -> [Data] {
    let set = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    return try (set?["keys"] as? [Any] ?? []).map { try JSONSerialization.data(withJSONObject: $0) }
  }

  private static func contents(of path: String) throws(DaybookError) -> [UInt8] {
    do {
      let handle = try FileHandle(forReadingFrom: URL(filePath: path))
      defer { try? handle.close() }
      let bytes = Array(try handle.read(upToCount: bytesMax + 1) ?? Data())
      guard bytes.count <= bytesMax else { throw fault(path, "is longer than \(bytesMax) bytes") }
      return bytes
    } catch let error as DaybookError {
      throw error
    } catch {
      throw fault(path, "can't be read", cause: error)
    }
  }

  private static func checkOwnersOnly(_ path: String) throws(DaybookError) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return }
    throw DaybookError(
      .permissionDenied, "others can read the secrets in \(path): run 'chmod 600 \(path)'")
  }

  private static func fault(
    _ path: String, _ what: String, cause: (any Error)? = nil
  ) -> DaybookError {
    DaybookError(.invalidInput, "\(path) \(what)", cause: cause)
  }

  // MARK: checking

  func has(_ kid: String) -> Bool { keys[kid] != nil }

  /// What a token of one of these keys says. Throws `invalid_token`.
  func claims(
    of token: String, signedBy kid: String, _ algorithm: String
  ) async throws(DaybookError) -> TrustedClaims {
    guard let key = keys[kid], key.algorithm == algorithm else {
      throw DaybookError(
        .invalidToken,
        "the token states \(PrintableText.quoted(algorithm)), which is not what its key is for")
    }
    do {
      return try await key.keys.verify(token, as: TrustedClaims.self)
    } catch is DecodingError {
      throw DaybookError(
        .invalidToken, "the token lacks a claim, or has one of another type: see sub, aud, exp")
    } catch {
      throw DaybookError(.invalidToken, "the token's signature is wrong")
    }
  }
}

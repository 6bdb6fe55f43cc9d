import Crypto
import DaybookModel

/// A token that is signed with this Daybook's secret and says what it says as nearly all do, read at the
/// cost of its signature: some microseconds, without an object for each value. What is unusual about one
/// is left to who reads all JSON.
enum PlainToken {
  /// Longer ones are unusual.
  private static let bytesMax = 4_096

  /// Nil for a token whose signature is wrong, and for one that is not read here: which of the two it
  /// is, and whether that one is good, is not known then.
  static func claims(of token: String, key: SymmetricKey) -> Claims? {
    var token = token
    return token.withUTF8 { claims(of: $0, key) }
  }

  private static func claims(of token: UnsafeBufferPointer<UInt8>, _ key: SymmetricKey) -> Claims? {
    let period = UInt8(ascii: ".")
    guard token.count <= bytesMax, let first = token.firstIndex(of: period),
      let second = token[(first + 1)...].firstIndex(of: period)
    else { return nil }
    func part(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
      UnsafeBufferPointer(rebasing: token[range])
    }
    guard let signature = Base64URL.decode(part(second + 1..<token.count)),
      HMAC<SHA256>.isValidAuthenticationCode(
        signature, authenticating: part(0..<second), using: key),
      // Whatever it says, the signature is this one: only that it is a header counts.
      let header = Base64URL.decode(part(0..<first)).flatMap(PlainObject.init),
      header.members.allSatisfy({ header.text($0.name) != nil }),
      let object = Base64URL.decode(part(first + 1..<second)).flatMap(PlainObject.init)
    else { return nil }
    return Claims(object)
  }
}

extension Claims {
  /// Nil where one is missing, or of another type.
  fileprivate init?(_ object: PlainObject) {
    guard let iss = object.text("iss"), let aud = object.text("aud"), let sub = object.text("sub"),
      let kind = object.text("kind"), let iat = object.whole("iat"), let exp = object.whole("exp"),
      ["device", "class", "jti"].allSatisfy({ object.has($0) == (object.text($0) != nil) }),
      object.has("nbf") == (object.whole("nbf") != nil)
    else { return nil }
    self.iss = iss
    self.aud = aud
    self.sub = sub
    self.kind = kind
    self.device = object.text("device")
    self.deviceClass = object.text("class")
    self.jti = object.text("jti")
    self.iat = iat
    self.exp = exp
    self.nbf = object.whole("nbf")
  }
}

/// Why client and server could not agree on TLS, in words for the operator.
enum HandshakeFault {
  /// BoringSSL names its reasons in text alone. The first that is found counts.
  private static let reasons: [(name: String, words: String)] = [
    ("HTTP_REQUEST", "the client speaks HTTP in clear"),
    ("HTTPS_PROXY_REQUEST", "the client takes this for a proxy of HTTP"),
    ("WRONG_VERSION_NUMBER", "the client speaks no TLS; 'daybook' does with --tls"),
    ("UNSUPPORTED_PROTOCOL", "the client's TLS is older than 1.2: it needs an update"),
    ("NO_SHARED_CIPHER", "the client has no cipher that this server has: it needs an update"),
    ("NO_SHARED_GROUP", "the client has no key exchange that this server has: it needs an update"),
    (
      "PEER_DID_NOT_RETURN_A_CERTIFICATE",
      "the client has shown no certificate, without which nobody is let in here"
    ),
    (
      "CERTIFICATE_VERIFY_FAILED",
      "the client's certificate has expired, or is not signed by who signs those of clients"
    ),
    ("CERTIFICATE_EXPIRED", "the client holds this server's certificate for expired"),
    ("UNKNOWN_CA", "the client does not know who signed this server's certificate"),
    ("BAD_CERTIFICATE", "the client does not accept this server's certificate"),
    ("CERTIFICATE_UNKNOWN", "the client does not accept this server's certificate"),
  ]

  private static let marker = "OPENSSL_internal:"

  /// Nil where the client has just gone, as whoever only looks whether somebody listens does.
  static func words(_ error: any Error) -> String? {
    let text = "\(error)"
    if let known = reasons.first(where: { text.contains($0.name) }) { return known.words }
    guard let start = text.firstRange(of: marker)?.upperBound else { return nil }
    return "\(text[start...].prefix { $0.isUppercase || $0.isNumber || $0 == "_" })"
  }
}

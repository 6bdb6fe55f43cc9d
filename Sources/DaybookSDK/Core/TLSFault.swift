import DaybookModel
import NIOSSL

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What is wrong where TLS did not come about, or broke.
struct TLSFault {
  let code: ErrorCode
  /// Follows on which server it is about.
  let message: String

  private init(_ code: ErrorCode, _ message: String) {
    self.code = code
    self.message = message
  }

  /// Nil for what is no fault of TLS, such as a connection that just ends. Times are of the server's certificate, in
  /// seconds since 1970, where it has shown one.
  init?(_ error: any Error, hasCertificate: Bool, expiresAt: Int?, beginsAt: Int?) {
    switch error {
    case is NIOSSLExtraError: self = .wrongName
    case NIOSSLError.handshakeFailed, is BoringSSLError:
      self.init(
        reason: "\(error)", hasCertificate: hasCertificate, expiresAt: expiresAt,
        beginsAt: beginsAt, now: Int(time(nil)))
    default: return nil
    }
  }

  init?(reason text: String, hasCertificate: Bool, expiresAt: Int?, beginsAt: Int?, now: Int) {
    guard let reason = TLSFault.reason(in: text) else { return nil }
    switch TLSFault.kinds.first(where: { $0.names.contains { reason.contains($0) } })?.kind {
    case .plainServer: self = .plainServer
    case .refusedByClient:
      let hasExpired = expiresAt.map { $0 <= now } ?? false
      let hasBegun = beginsAt.map { $0 <= now } ?? true
      self = hasExpired ? .expired : hasBegun ? .untrusted : .notYetValid
    case .wantsCertificate: self = hasCertificate ? .refusedByServer : .wantsCertificate
    case .refusedByServer: self = hasCertificate ? .refusedByServer : .failed(reason)
    case nil: self = .failed(reason)
    }
  }

  private enum Kind { case plainServer, refusedByClient, wantsCertificate, refusedByServer }

  /// BoringSSL names its reasons, and those that the other side gives by an alert, in text alone. The first that is
  /// found counts.
  private static let kinds: [(kind: Kind, names: [String])] = [
    (.plainServer, ["WRONG_VERSION_NUMBER", "HTTP_REQUEST"]),
    (.refusedByClient, ["CERTIFICATE_VERIFY_FAILED"]),
    (.wantsCertificate, ["CERTIFICATE_REQUIRED"]),
    (
      .refusedByServer,
      [
        "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED",
        "CERTIFICATE_UNKNOWN", "UNSUPPORTED_CERTIFICATE", "ACCESS_DENIED", "HANDSHAKE_FAILURE",
      ]
    ),
  ]

  private static let marker = "OPENSSL_internal:"

  private static func reason(in text: String) -> Substring? {
    guard let start = text.firstRange(of: marker)?.upperBound else { return nil }
    return text[start...].prefix { $0.isUppercase || $0.isNumber || $0 == "_" }
  }

  // MARK: what to do

  private static let plainServer = TLSFault(
    .tlsPlainServer,
    "speaks no TLS: leave it out, or connect to the address that 'serve --tls' names")
  private static let expired = TLSFault(
    .tlsCertificateExpired,
    "has a certificate that has expired: its operator has to renew it; or this machine's clock is wrong"
  )
  private static let notYetValid = TLSFault(
    .tlsCertificateExpired,
    "has a certificate that is not valid yet: look at this machine's clock, then at the certificate"
  )
  private static let untrusted = TLSFault(
    .tlsCertificateUntrusted,
    "has a certificate that is signed by nobody whom this client trusts: trust who signed it (--tls-ca)"
  )
  private static let wrongName = TLSFault(
    .tlsWrongName,
    "has a certificate for another name than this: connect by a name that the certificate has")
  private static let wantsCertificate = TLSFault(
    .tlsClientCertificate,
    "lets in only clients with a certificate: give yours, with its key (--tls-certificate, --tls-key)"
  )
  private static let refusedByServer = TLSFault(
    .tlsClientCertificate,
    "does not accept this client's certificate: give one that the server's operator has made")

  private static func failed(_ reason: Substring) -> TLSFault {
    TLSFault(
      .tlsFailed, "and this client can't agree on TLS (\(reason)): see that both are up to date")
  }
}

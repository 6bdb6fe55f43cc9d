import DaybookModel
import Foundation
import NIOSSL

/// TLS between a bench and its server: a certificate for this machine alone, made with openssl (P-256, until 2120). Its
/// key is no secret, and protects nothing.
struct BenchTLS: Sendable {
  /// Of each of its clients. The server's work is measured, and none of theirs: they check nothing.
  let context: NIOSSLContext
  private let folder: String

  /// Writes the server's files into the folder.
  init(in folder: String) throws {
    self.folder = folder
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    configuration.minimumTLSVersion = .tlsv13
    context = try NIOSSLContext(configuration: configuration)
    for (name, text) in [("tls.pem", BenchTLS.certificate), ("tls.key", BenchTLS.key)] {
      try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }
  }

  /// Of `daybook serve`.
  var serverOptions: [String] {
    ["--tls-certificate", "\(folder)/tls.pem", "--tls-key", "\(folder)/tls.key"]
  }

  private static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBcTCCARegAwIBAgIUBYstjQW9L4HL7eljhRozSf9/vXowCgYIKoZIzj0EAwIw
    GDEWMBQGA1UEAwwNZGF5Ym9vayBiZW5jaDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIw
    MDEwMTAwMDAwMFowGDEWMBQGA1UEAwwNZGF5Ym9vayBiZW5jaDBZMBMGByqGSM49
    AgEGCCqGSM49AwEHA0IABKk7PcOGWw+l1kl4Y1ITTzfbCtz1nkrq4AlkCj01oQv5
    4CM4rGDedYv5zwuIHAoef5vs8qlLI7f1TFWM9hcI2FmjPTA7MBoGA1UdEQQTMBGC
    CWxvY2FsaG9zdIcEfwAAATAdBgNVHQ4EFgQU6C/c9YR8JAadry0y3Bnf9B8rGvUw
    CgYIKoZIzj0EAwIDSAAwRQIgdUUfNfefP1WZiKb5WPTC0ScV1HFB9da+9t0PnxaM
    Yl4CIQCebXRleQyo49GVvpzlxIwigRFin9jHT5HSZwndHpFWhw==
    -----END CERTIFICATE-----

    """

  private static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgP1gGre9q/CTDnS4M
    NyUFuEpu2Lw1aWX3USXwHF0QW0OhRANCAASpOz3DhlsPpdZJeGNSE0832wrc9Z5K
    6uAJZAo9NaEL+eAjOKxg3nWL+c8LiBwKHn+b7PKpSyO39UxVjPYXCNhZ
    -----END PRIVATE KEY-----

    """
}

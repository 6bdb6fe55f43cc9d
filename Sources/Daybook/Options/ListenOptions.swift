import ArgumentParser
import DaybookModel
import Server

/// Where `serve` lets clients in, and how they speak there.
struct ListenOptions: ParsableArguments {
  @Option(
    help: """
      Where to listen for clients that speak in clear, HOST:PORT; port 0 chooses a free one; 'none' \
      lets in by the others alone.
      """)
  var tcp = "127.0.0.1:7000"

  @Option(
    help: """
      Where to listen for clients that speak TLS (1.2 or 1.3), HOST:PORT; with --tls-certificate and \
      --tls-key.
      """)
  var tls: String?

  @Option(
    help: "Where to listen for WebSockets in clear, HOST:PORT: browsers speak nothing else.")
  var ws: String?

  @Option(help: "Where to listen for WebSockets in TLS, HOST:PORT; with a certificate as --tls.")
  var wss: String?

  @Option(
    help: """
      Of which origins pages in browsers may connect to --ws and --wss, as https://chat.example.org, with \
      commas between; if not given, of the host and port alone that they connect to. Programs state \
      no origin, and may.
      """)
  var wsOrigin: String?

  @Option(
    help: "The server's certificate in PEM, followed by those of who signed it.",
    completion: .file())
  var tlsCertificate: String?

  @Option(
    help: "The certificate's private key in PEM, without a passphrase; others may not read it.",
    completion: .file())
  var tlsKey: String?

  @Option(
    name: .customLong("tls-client-ca"),
    help: "Let in only clients with a certificate that is signed by one in this file (PEM).",
    completion: .file())
  var tlsClientAuthority: String?

  enum ClientCertificates: String, CaseIterable, ExpressibleByArgument {
    case required, optional
  }

  @Option(
    help: """
      Whether clients have to have a certificate where --tls-client-ca is given: required or optional; \
      one that is shown is checked.
      """)
  var tlsClientCertificates: ClientCertificates?

  private static let none = "none"

  func validate() throws {
    if tcp == ListenOptions.none, [tls, ws, wss].allSatisfy({ $0 == nil }) {
      throw ValidationError("--tcp none leaves no way in: give --tls, --ws or --wss")
    }
    if wsOrigin != nil, ws == nil, wss == nil {
      throw ValidationError("--ws-origin says who may connect to --ws or --wss: give one")
    }
    let files = [tlsCertificate, tlsKey, tlsClientAuthority]
    if tls == nil, wss == nil {
      guard files.allSatisfy({ $0 == nil }) else {
        throw ValidationError(
          "certificates are of no use without --tls HOST:PORT or --wss HOST:PORT")
      }
    } else if tlsCertificate == nil || tlsKey == nil {
      throw ValidationError(
        "\(tls == nil ? "--wss" : "--tls") takes --tls-certificate and --tls-key")
    }
    if tlsClientCertificates != nil, tlsClientAuthority == nil {
      throw ValidationError("--tls-client-certificates goes with --tls-client-ca")
    }
  }

  /// In the order in which they are told. Throws `invalid_argument`.
  func lines() throws(DaybookError) -> [ListenLine] {
    var lines: [ListenLine] = []
    if tcp != ListenOptions.none { lines.append(ListenLine(try ServerAddress(parsing: tcp))) }
    if let tls { lines.append(ListenLine(try ServerAddress(parsing: tls), isTLS: true)) }
    let pages = ListenLine.Kind.webSocket(origins: origins)
    if let ws { lines.append(ListenLine(try ServerAddress(parsing: ws), pages)) }
    if let wss { lines.append(ListenLine(try ServerAddress(parsing: wss), pages, isTLS: true)) }
    return lines
  }

  private var origins: [String]? {
    wsOrigin?.split(separator: ",").map { $0.filter { $0 != " " } }
  }

  var files: TLSFiles? {
    guard let tlsCertificate, let tlsKey else { return nil }
    var files = TLSFiles(certificate: tlsCertificate, key: tlsKey)
    files.clientAuthority = tlsClientAuthority
    files.requiresClientCertificates = tlsClientCertificates != .optional
    return files
  }
}

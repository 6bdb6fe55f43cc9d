import ArgumentParser
import DaybookModel
import Server

/// Where `serve` lets clients in, and how they speak there.
struct ListenOptions: ParsableArguments {
  @Option(
    help: """
      Where to listen for clients that speak in clear, HOST:PORT; port 0 chooses a free one; 'none' \
      lets in by the others alone. If not given, 127.0.0.1:7000, unless a service manager has passed \
      sockets.
      """)
  var tcp: String?

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

  @Option(
    name: .customLong("log-service"),
    help: """
      Where to let in services that follow the log, over gRPC ('daybook feed'): HOST:PORT, or \
      tls://HOST:PORT with --tls-certificate and --tls-key.
      """)
  var logService: String?

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
  private static let tcpStandard = "127.0.0.1:7000"

  /// What is spoken at an address.
  private enum Speech: String, CaseIterable {
    case tcp, tls, ws, wss

    var isTLS: Bool { self == .tls || self == .wss }
    var isWebSocket: Bool { self == .ws || self == .wss }

    /// Of a socket that was passed; nil for a name that says nothing. One alone without a name of its own (then it
    /// has its unit's) is of clients in clear.
    init?(passed name: String, isAlone: Bool) {
      if let known = Speech(rawValue: name) {
        self = known
      } else if isAlone, name.isEmpty || name == "unknown" || name.hasSuffix(".socket") {
        self = .tcp
      } else {
        return nil
      }
    }
  }

  private func address(_ speech: Speech) -> String? {
    switch speech {
    case .tcp: tcp
    case .tls: tls
    case .ws: ws
    case .wss: wss
    }
  }
  private static let scheme = "tls://"

  private var isLogServiceTLS: Bool { logService?.hasPrefix(ListenOptions.scheme) ?? false }

  func validate() throws {
    let names = PassedSockets.names
    let passed = names.compactMap { Speech(passed: $0, isAlone: names.count == 1) }
    func isSpoken(_ speech: Speech) -> Bool {
      passed.contains(speech) || address(speech) != nil && address(speech) != ListenOptions.none
    }
    if tcp == ListenOptions.none, !Speech.allCases.contains(where: isSpoken) {
      throw ValidationError("--tcp none leaves no way in: give --tls, --ws or --wss")
    }
    if wsOrigin != nil, !isSpoken(.ws), !isSpoken(.wss) {
      throw ValidationError("--ws-origin says who may connect to --ws or --wss: give one")
    }
    let files = [tlsCertificate, tlsKey, tlsClientAuthority]
    if !isSpoken(.tls), !isSpoken(.wss), !isLogServiceTLS {
      guard files.allSatisfy({ $0 == nil }) else {
        throw ValidationError(
          "certificates are of no use without --tls HOST:PORT or --wss HOST:PORT")
      }
    } else if tlsCertificate == nil || tlsKey == nil {
      throw ValidationError(
        "\(isSpoken(.tls) ? "--tls" : isSpoken(.wss) ? "--wss" : "--log-service tls://…") takes --tls-certificate and --tls-key"
      )
    }
    if tlsClientCertificates != nil, tlsClientAuthority == nil {
      throw ValidationError("--tls-client-certificates goes with --tls-client-ca")
    }
  }

  /// In the order in which they are told. A socket that was passed counts in place of the option. Throws
  /// `invalid_argument`.
  func lines(_ passed: [PassedSocket]) throws(DaybookError) -> [ListenLine] {
    var found: [Speech: [PassedSocket]] = [:]
    for socket in passed {
      guard let speech = Speech(passed: socket.name, isAlone: passed.count == 1) else {
        let name = PrintableText.line(socket.name, bytesMax: 64)
        throw DaybookError(
          .invalidArgument,
          "a socket was passed that is named '\(name)': FileDescriptorName= is tcp, tls, ws or wss")
      }
      found[speech, default: []].append(socket)
    }
    var lines: [ListenLine] = []
    for speech in Speech.allCases {
      let kind = speech.isWebSocket ? ListenLine.Kind.webSocket(origins: origins) : .tcp
      if let sockets = found[speech] {
        for socket in sockets {
          lines.append(ListenLine(socket.address, kind, isTLS: speech.isTLS, passed: socket))
        }
      } else if let text = address(speech) ?? standard(speech, passed), text != ListenOptions.none {
        lines.append(ListenLine(try ServerAddress(parsing: text), kind, isTLS: speech.isTLS))
      }
    }
    return lines
  }

  /// Nil where nobody follows the log from outside. Throws `invalid_argument`.
  func logServiceLine() throws(DaybookError) -> (address: ServerAddress, isTLS: Bool)? {
    guard let logService else { return nil }
    let address = logService.dropFirst(isLogServiceTLS ? ListenOptions.scheme.count : 0)
    return (try ServerAddress(parsing: String(address)), isLogServiceTLS)
  }

  private func standard(_ speech: Speech, _ passed: [PassedSocket]) -> String? {
    speech == .tcp && passed.isEmpty ? ListenOptions.tcpStandard : nil
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

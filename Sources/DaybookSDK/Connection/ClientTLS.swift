import DaybookModel
import NIOCore
import NIOSSL

/// TLS as a client's settings say. Made once, and where reading files may take its time.
struct ClientTLS: Sendable {
  private let context: NIOSSLContext
  /// Nil for an address, against which the certificate is checked then.
  private let serverName: String?
  /// The client would show a certificate, were it asked for one.
  let hasCertificate: Bool

  /// Throws `invalid_argument`, with what to do.
  init(_ settings: TLSSettings, host: String) throws(ClientError) {
    let name = settings.serverName ?? host
    let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
    guard !isAddress || settings.serverName == nil else {
      throw ClientError(.invalidArgument, "'\(name)' is an address: a server's name is none")
    }
    guard (1...255).contains(name.utf8.count), !name.utf8.contains(0) else {
      throw ClientError(.invalidArgument, "a server's name has 1 to 255 bytes, none of them 0")
    }
    serverName = isAddress ? nil : name
    hasCertificate = settings.certificateFile != nil
    guard hasCertificate == (settings.keyFile != nil) else {
      throw ClientError(.invalidArgument, "a client's certificate and its key go together")
    }
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.maximumTLSVersion = .tlsv13
    configuration.certificateVerification = .fullVerification
    // Of a connection that is given up no answer is wanted.
    configuration.shutdownTimeout = .zero
    if let file = settings.trustRoots.file {
      configuration.trustRoots = .certificates(try ClientTLS.certificates(file))
    }
    if let certificate = settings.certificateFile, let key = settings.keyFile {
      configuration.certificateChain = try ClientTLS.certificates(certificate)
        .map { .certificate($0) }
      configuration.privateKey = .privateKey(try ClientTLS.key(key))
    }
    context = try ClientTLS.context(configuration, settings)
  }

  private static func context(
    _ configuration: TLSConfiguration, _ settings: TLSSettings
  ) throws(ClientError) -> NIOSSLContext {
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch NIOSSLError.failedToLoadPrivateKey {
      throw ClientError(
        .invalidArgument,
        "the key in \(settings.keyFile ?? "") is not that of the certificate in \(settings.certificateFile ?? "")"
      )
    } catch {
      throw ClientError(
        .invalidArgument,
        settings.trustRoots.file == nil
          ? "this system has no list of whom to trust: install its package ca-certificates, or name a file (--tls-ca)"
          : "TLS can't be used with these files: \(error)")
    }
  }

  private static func certificates(_ path: String) throws(ClientError) -> [NIOSSLCertificate] {
    do {
      return try NIOSSLCertificate.fromPEMFile(path)
    } catch {
      throw ClientError(
        .invalidArgument,
        "\(path) can't be read, or holds no certificate in PEM: give one that does")
    }
  }

  private static func key(_ path: String) throws(ClientError) -> NIOSSLPrivateKey {
    do {
      return try NIOSSLPrivateKey(file: path, format: .pem)
    } catch {
      throw ClientError(
        .invalidArgument,
        "\(path) can't be read, or holds no private key in PEM without a passphrase: give one that does"
      )
    }
  }

  /// For one connection; on its event loop.
  func makeHandler() throws -> NIOSSLClientHandler {
    try NIOSSLClientHandler(context: context, serverHostname: serverName)
  }
}

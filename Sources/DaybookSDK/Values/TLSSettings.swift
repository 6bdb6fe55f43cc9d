/// How a client speaks TLS with its server: whom it trusts, and who it is itself.
///
///     var configuration = try ClientConfiguration(server: "tls://chat.example.org:7443", token: token)
///     configuration.tls?.trustRoots = .file("/etc/daybook/authority.pem")
///
/// TLS 1.2 and 1.3 are spoken. The server's certificate is always checked, and so is that it is for the name, or
/// address, that was connected to. Files are read when the client is made, and not again.
public struct TLSSettings: Sendable, Hashable {
  /// Whose signature makes a server's certificate a good one.
  public struct TrustRoots: Sendable, Hashable {
    package let file: String?

    /// Those that the operating system trusts.
    public static let system = TrustRoots(file: nil)

    /// Those whose certificates are in this file (PEM), and no others: an organisation's own authority, or a server's
    /// certificate that nobody else has signed.
    public static func file(_ path: String) -> TrustRoots { TrustRoots(file: path) }
  }

  /// Who may have signed the server's certificate.
  public var trustRoots = TrustRoots.system
  /// The name that the server's certificate has to have, which is also told to the server. Nil: that of
  /// `ClientConfiguration.host`, or, where that is an address, the address.
  public var serverName: String?
  /// This client's own certificate, followed by those of who signed it (PEM), for servers that ask for one. With
  /// `keyFile`, or neither.
  public var certificateFile: String?
  /// The private key of `certificateFile` (PEM, without a passphrase).
  public var keyFile: String?

  /// The system's trust, and no certificate of its own.
  public init() {}
}

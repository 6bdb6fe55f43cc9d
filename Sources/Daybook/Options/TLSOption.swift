import ArgumentParser
import DaybookSDK

/// How a server is spoken with: in clear, or by TLS.
struct TLSOption: ParsableArguments {
  @Flag(
    name: .customLong("tls"),
    help: "Speak TLS with the server, as 'tls://' in front of its address does.")
  var isOn = false

  @Option(
    name: .customLong("tls-ca"),
    help: """
      Speak TLS, and trust who is in this file (PEM), and nobody else; without it, where TLS is spoken, \
      what DAYBOOK_TLS_CA says, or else whom the system trusts.
      """, completion: .file())
  var authority: String?

  @Option(
    name: .customLong("tls-certificate"),
    help: "Speak TLS, with this certificate (PEM) for a server that asks for one.",
    completion: .file())
  var certificate: String?

  @Option(
    name: .customLong("tls-key"), help: "The private key of --tls-certificate (PEM).",
    completion: .file())
  var key: String?

  func validate() throws {
    guard (certificate == nil) == (key == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together")
    }
  }

  var isGiven: Bool { isOn || authority != nil || certificate != nil }

  /// What the address says of TLS stands in `configuration` already.
  func apply(to configuration: inout ClientConfiguration) {
    configuration.tls = settings(isInAddress: configuration.tls != nil)
  }

  /// Nil for a server that is spoken with in clear. `isInAddress`: its address says TLS.
  func settings(isInAddress: Bool) -> TLSSettings? {
    guard isGiven || isInAddress else { return nil }
    var settings = TLSSettings()
    if let file = authority ?? Setting.tlsAuthority.fromEnvironment {
      settings.trustRoots = .file(file)
    }
    settings.certificateFile = certificate
    settings.keyFile = key
    return settings
  }
}

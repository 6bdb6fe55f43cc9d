import DaybookModel
import NIOCore
import NIOSSL

/// Files that were read and fit together.
struct LoadedTLS: Sendable {
  let context: NIOSSLContext
  private let chain: [NIOSSLCertificate]
  private let key: NIOSSLPrivateKey
  private let clientAuthorities: [NIOSSLCertificate]

  /// Of TLS 1.2: what keeps past sessions secret should the key become known, and is not padded. Those of TLS 1.3
  /// are all so.
  private static let cipherSuites = "ECDH+AESGCM:ECDH+CHACHA20"

  /// Throws `invalid_input`, with what to do.
  init(_ material: TLSMaterial, now: Timestamp) throws(DaybookError) {
    chain = try LoadedTLS.certificates(material.certificate)
    key = try LoadedTLS.key(material.key)
    clientAuthorities =
      if let file = material.clientAuthority { try LoadedTLS.certificates(file) } else { [] }
    try LoadedTLS.check(chain[0], material.certificate.name, now)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.maximumTLSVersion = .tlsv13
    configuration.cipherSuites = LoadedTLS.cipherSuites
    // Whoever is closed is told so; that it says so too is waited for where its answer counts, by the session.
    configuration.shutdownTimeout = .zero
    if !clientAuthorities.isEmpty {
      configuration.trustRoots = .certificates(clientAuthorities)
      configuration.certificateVerification =
        material.requiresClientCertificates ? .noHostnameVerification : .optionalVerification
      configuration.sendCANameList = true
    }
    do {
      context = try NIOSSLContext(configuration: configuration)
    } catch NIOSSLError.failedToLoadPrivateKey {
      throw DaybookError(
        .invalidInput,
        "the key in \(material.key.name) is not that of the certificate in \(material.certificate.name): give two that belong together"
      )
    } catch {
      throw DaybookError(
        .invalidInput,
        "\(material.certificate.name) and \(material.key.name) can't be used for TLS", cause: error)
    }
  }

  private static func certificates(
    _ file: TLSMaterial.File
  ) throws(DaybookError) -> [NIOSSLCertificate] {
    do {
      return try NIOSSLCertificate.fromPEMBytes(file.bytes)
    } catch {
      throw DaybookError(
        .invalidInput,
        "\(file.name) holds no certificate in PEM ('-----BEGIN CERTIFICATE-----'): give a file that does"
      )
    }
  }

  private static func key(_ file: TLSMaterial.File) throws(DaybookError) -> NIOSSLPrivateKey {
    do {
      return try NIOSSLPrivateKey(bytes: file.bytes, format: .pem)
    } catch {
      throw DaybookError(
        .invalidInput,
        "\(file.name) holds no private key in PEM, or one that asks for a passphrase: give a key without one"
      )
    }
  }

  private static func check(
    _ certificate: NIOSSLCertificate, _ name: String, _ now: Timestamp
  ) throws(DaybookError) {
    if certificate.end <= now {
      throw DaybookError(
        .invalidInput,
        "the certificate in \(name) has expired on \(certificate.end.day): put a renewed one there")
    }
    if certificate.beginning > now {
      throw DaybookError(
        .invalidInput,
        "the certificate in \(name) is valid from \(certificate.beginning.day) on: look at the clock, or wait"
      )
    }
  }

  // MARK: for the operator

  /// When the first one of the chain expires.
  var end: Timestamp { chain.map(\.end).min() ?? .none }

  /// For whom it is, and until when.
  var facts: String { "\(chain[0].names) (serial \(chain[0].serial)), valid until \(end.day)" }

  func isSame(as other: LoadedTLS) -> Bool {
    chain == other.chain && key == other.key && clientAuthorities == other.clientAuthorities
  }
}

extension NIOSSLCertificate {
  fileprivate var beginning: Timestamp { NIOSSLCertificate.timestamp(Int(notValidBefore)) }
  fileprivate var end: Timestamp { NIOSSLCertificate.timestamp(Int(notValidAfter)) }

  private static func timestamp(_ seconds: Int) -> Timestamp {
    Timestamp(milliseconds: UInt64(max(0, seconds)) * 1_000)
  }

  fileprivate var serial: String {
    serialNumber.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Names and addresses that it is for.
  fileprivate var names: String {
    let names = _subjectAlternativeNames().compactMap { name -> String? in
      switch name.nameType {
      case .dnsName: String(decoding: name.contents, as: UTF8.self)
      case .ipAddress where name.contents.count == 4:
        name.contents.map { "\($0)" }.joined(separator: ".")
      default: nil
      }
    }
    return names.isEmpty ? "no name" : names.joined(separator: ", ")
  }
}

extension Timestamp {
  /// As `2027-01-31`.
  fileprivate var day: Substring { rfc3339.prefix { $0 != "T" } }
}

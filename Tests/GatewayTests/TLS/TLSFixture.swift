import DaybookModel
import Doubles
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import Ports
import WireProtocol

@testable import Gateway

/// The files of a server, which a test puts others in place of.
final class CertificateFiles: Sendable {
  private let material: NIOLockedValueBox<TLSMaterial>

  init(_ name: String = "server", clients: Bool? = nil) throws {
    material = NIOLockedValueBox(try CertificateFiles.material(name, clients: clients))
  }

  func certificates(
    clock: any WallClock = SettableClock(CertificateFiles.now)
  ) throws -> TLSCertificates {
    try TLSCertificates(clock: clock) { self.material.withLockedValue { $0 } }
  }

  func replace(_ material: TLSMaterial) { self.material.withLockedValue { $0 = material } }

  /// All of them are good then but the one that has expired.
  static let now = Timestamp.midnight(year: 2026, month: 1, day: 1)!

  static func file(_ name: String) throws -> TLSMaterial.File {
    TLSMaterial.File(name: name, bytes: try TLSFixtures.bytes(name))
  }

  /// `clients`: whether they need certificates; nil: they are asked for none.
  static func material(
    _ name: String, key: String? = nil, clients: Bool? = nil
  ) throws -> TLSMaterial {
    TLSMaterial(
      certificate: try file("\(name).pem"), key: try file("\(key ?? name).key"),
      clientAuthority: clients == nil ? nil : try file("client-authority.pem"),
      requiresClientCertificates: clients ?? true)
  }
}

/// What a connection's TLS came to, as the client sees it.
final class TLSWitness: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer

  private let seen = NIOLockedValueBox<[String]>([])

  var errors: [String] { seen.withLockedValue { $0 } }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    seen.withLockedValue { $0.append("\(error)") }
    context.close(promise: nil)
  }
}

extension TLSConfiguration {
  /// Trusts the fixtures' authority.
  static func client(_ certificate: String? = nil) throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .file(TLSFixtures.path("authority.pem"))
    if let certificate {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(
        TLSFixtures.path("\(certificate).pem")
      ).map { .certificate($0) }
      configuration.privateKey = .privateKey(
        try NIOSSLPrivateKey(file: TLSFixtures.path("\(certificate).key"), format: .pem))
    }
    return configuration
  }
}

extension GatewayFixture {
  func openTLS(
    _ configuration: TLSConfiguration? = nil, _ witness: TLSWitness = TLSWitness()
  ) async throws -> TestClient {
    guard let tlsAddress else { preconditionFailure("nobody speaks TLS here: run over TLS") }
    return try await openTLS(at: tlsAddress, configuration, witness)
  }

  func openTLS(
    at address: SocketAddress, _ configuration: TLSConfiguration? = nil,
    _ witness: TLSWitness = TLSWitness()
  ) async throws -> TestClient {
    let context = try NIOSSLContext(configuration: configuration ?? .client())
    return try await open(to: address) { channel in
      try channel.pipeline.syncOperations.addHandlers([
        try NIOSSLClientHandler(context: context, serverHostname: "localhost")
      ])
      try channel.pipeline.syncOperations.addHandler(witness)
    }
  }

  /// A device's session over TLS, caught up.
  func liveTLS(
    _ token: String, _ configuration: TLSConfiguration? = nil
  ) async throws -> TestClient {
    let client = try await openTLS(configuration)
    _ = try await client.connect(token)
    _ = try await client.until(.caughtUp)
    return client
  }
}

extension TestClient {
  /// Of the server, once hands are shaken.
  func serverCertificate() async throws -> NIOSSLCertificate? {
    try await channel.nioSSL_peerCertificate().get()
  }
}

import DaybookModel
import Doubles
import NIOConcurrencyHelpers
import NIOSSL
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("a client over TLS", .timeLimit(.minutes(30)))
struct TLSTests {
  private static func context(_ certificate: String) throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMFile(TLSFixtures.path("\(certificate).pem"))
    let key = try NIOSSLPrivateKey(file: TLSFixtures.path("\(certificate).key"), format: .pem)
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
  }

  private func server(_ certificate: String) async throws -> ScriptedServer {
    let context = try TLSTests.context(certificate)
    return try await ScriptedServer(tls: { context }) { _, _ in }
  }

  /// Trusts the fixtures' authority, or whose certificate that is.
  private func configuration(
    _ server: ScriptedServer, trusting authority: String? = "authority", host: String = "127.0.0.1"
  ) -> ClientConfiguration {
    var configuration = ClientConfiguration.patient(server)
    configuration.host = host
    var settings = TLSSettings()
    if let authority { settings.trustRoots = .file(TLSFixtures.path("\(authority).pem")) }
    configuration.tls = settings
    return configuration
  }

  private func refusal(_ configuration: ClientConfiguration) async throws -> ClientError? {
    let client = try DaybookClient(configuration)
    do throws(ClientError) {
      try await client.connect()
      await client.close()
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "it connects by an address or a name that the certificate has",
    arguments: ["127.0.0.1", "localhost"])
  func connects(host: String) async throws {
    let server = try await server("server")
    #expect(try await refusal(configuration(server, host: host)) == nil)
    try await server.close()
  }

  @Test("a server is checked against the name that the application says, if it says one")
  func serverName() async throws {
    let server = try await server("elsewhere")
    var named = configuration(server)
    named.tls?.serverName = "elsewhere.example"
    #expect(try await refusal(named) == nil)
    try await server.close()
  }

  struct Wrong: Sendable, CustomTestStringConvertible {
    var certificate: String
    var authority: String? = "authority"
    var host = "127.0.0.1"
    var code: ClientError.Code
    var testDescription: String { code.name }
  }

  static let wrong: [Wrong] = [
    Wrong(
      certificate: "server", authority: "client-authority", code: .tlsCertificateUntrusted),
    Wrong(certificate: "server", authority: nil, code: .tlsCertificateUntrusted),
    Wrong(certificate: "expired", code: .tlsCertificateExpired),
    Wrong(certificate: "elsewhere", code: .tlsWrongName),
    Wrong(certificate: "elsewhere", host: "localhost", code: .tlsWrongName),
  ]

  @Test("a certificate that is not good ends the attempt, with what to do", arguments: wrong)
  func refused(wrong: Wrong) async throws {
    let server = try await server(wrong.certificate)
    var configuration = configuration(server, trusting: wrong.authority, host: wrong.host)
    // Nobody waits for what trying again does not mend.
    if !wrong.code.isTemporary { configuration.connectPatience = .seconds(3_600) }
    let error: ClientError?
    do {
      error = try await refusal(configuration)
    } catch let noRoots as ClientError where noRoots.message.contains("ca-certificates") {
      // A machine that trusts nobody says so before.
      #expect(wrong.authority == nil)
      return try await server.close()
    }
    #expect(error?.code == wrong.code, "\(error?.description ?? "none")")
    #expect(error?.message.contains(":\(server.port) ") == true)
    try await server.close()
  }

  @Test("a server in clear, and one that speaks TLS where none was asked for, are called that")
  func mixedUp() async throws {
    // What is no frame is what a server in clear takes a handshake for: this one closes.
    let plain = try await ScriptedServer { _, _ in }
    let silent = try await refusal(configuration(plain))
    #expect(silent?.code == .unreachable, "\(silent?.description ?? "none")")
    let secured = try await server("server")
    let error = try await refusal(.patient(secured))
    #expect(error?.code == .tlsRequired, "\(error?.description ?? "none")")
    for server in [plain, secured] { try await server.close() }
  }

  @Test("who was connected goes on trying, whatever becomes of the certificate")
  func renewal() async throws {
    let certificate = NIOLockedValueBox("server")
    let server = try await ScriptedServer(tls: {
      try TLSTests.context(certificate.withLockedValue { $0 })
    }) { _, _ in }
    var configuration = configuration(server)
    configuration.reconnectMax = .milliseconds(50)
    let client = try DaybookClient(configuration)
    try await client.connect()
    certificate.withLockedValue { $0 = "elsewhere" }
    await server.endConnections()
    var connected = 0
    for await event in client.events {
      guard case .connection(let state) = event else { continue }
      if case .waiting(_, let error) = state, error.code == .tlsWrongName {
        certificate.withLockedValue { $0 = "renewed" }
      }
      if case .connected = state { connected += 1 }
      if connected == 2 { break }
    }
    #expect(certificate.withLockedValue { $0 } == "renewed")
    await client.close()
    try await server.close()
  }

  @Test("a scheme in front of the address says that TLS is spoken")
  func addresses() throws {
    let secured = try ClientConfiguration(server: "tls://[::1]:7443", token: "t")
    #expect(secured.host == "::1" && secured.port == 7443 && secured.tls == TLSSettings())
    #expect(try ClientConfiguration(server: "h:1", token: "t").tls == nil)
    for wrong in ["tls:h:1", "tls://", "tls://h", "tls://h:0", "tls://tls://h:1", "tcp://h:1"] {
      let error = #expect(throws: ClientError.self) {
        try ClientConfiguration(server: wrong, token: "t")
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test("settings that can't be used are refused before anything is tried")
  func settings() {
    func error(_ change: (inout TLSSettings) -> Void) -> ClientError? {
      var settings = TLSSettings()
      settings.trustRoots = .file(TLSFixtures.path("authority.pem"))
      change(&settings)
      var configuration = ClientConfiguration(host: "h", port: 1, token: "t")
      configuration.tls = settings
      return #expect(throws: ClientError.self) { try DaybookClient(configuration) }
    }
    let (pem, key) = (TLSFixtures.path("client.pem"), TLSFixtures.path("client.key"))
    let cases: [(ClientError?, String)] = [
      (error { $0.trustRoots = .file("/nowhere.pem") }, "/nowhere.pem can't be read"),
      (error { $0.trustRoots = .file(key) }, "holds no certificate"),
      (error { $0.certificateFile = pem }, "go together"),
      (error { $0.keyFile = key }, "go together"),
      (error { ($0.certificateFile, $0.keyFile) = (pem, pem) }, "holds no private key"),
      (
        error { ($0.certificateFile, $0.keyFile) = (pem, TLSFixtures.path("server.key")) },
        "is not that of the certificate"
      ),
      (error { $0.serverName = "127.0.0.1" }, "is an address"),
      (error { $0.serverName = "" }, "1 to 255 bytes"),
    ]
    for (error, words) in cases {
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "none")")
    }
  }

  struct Reason: Sendable {
    var text: String
    var hasCertificate = false
    var expiresAt: Int?
    var beginsAt: Int?
    var code: ErrorCode?
  }

  static let reasons: [Reason] = [
    Reason(text: "CERTIFICATE_VERIFY_FAILED", expiresAt: 10, code: .tlsCertificateExpired),
    Reason(
      text: "CERTIFICATE_VERIFY_FAILED", expiresAt: 30, beginsAt: 25, code: .tlsCertificateExpired),
    Reason(
      text: "CERTIFICATE_VERIFY_FAILED", expiresAt: 30, beginsAt: 5, code: .tlsCertificateUntrusted),
    Reason(text: "CERTIFICATE_VERIFY_FAILED", code: .tlsCertificateUntrusted),
    Reason(text: "WRONG_VERSION_NUMBER", code: .tlsPlainServer),
    Reason(text: "TLSV1_ALERT_CERTIFICATE_REQUIRED", code: .tlsClientCertificate),
    Reason(text: "TLSV1_ALERT_UNKNOWN_CA", hasCertificate: true, code: .tlsClientCertificate),
    Reason(text: "SSLV3_ALERT_HANDSHAKE_FAILURE", code: .tlsFailed),
    Reason(text: "TLSV1_ALERT_PROTOCOL_VERSION", code: .tlsFailed),
  ]

  @Test("each reason has its code", arguments: reasons)
  func faults(reason: Reason) {
    let text =
      "handshakeFailed(sslError([Error: 1 error:1:SSL routines:OPENSSL_internal:\(reason.text) at x]))"
    let fault = TLSFault(
      reason: text, hasCertificate: reason.hasCertificate, expiresAt: reason.expiresAt,
      beginsAt: reason.beginsAt, now: 20)
    #expect(fault?.code == reason.code)
  }
}

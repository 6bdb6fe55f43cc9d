import DaybookModel
import DaybookSDK
import Doubles
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import Ports
import Server

/// A server that listens for all transports, with tokens made beside it.
final class RawServer: Sendable {
  let server: TestServer
  let certificates: URL
  /// Anew after each start.
  let places = NIOLockedValueBox(RawPlaces([]))
  private let tokens: any TokenMaking

  private init(_ server: TestServer, _ tokens: any TokenMaking) throws {
    self.server = server
    self.tokens = tokens
    certificates = try TLSFixtures.copy()
  }

  deinit { try? FileManager.default.removeItem(at: certificates) }

  static func make() async throws -> RawServer {
    let server = try await TestServer()
    let tokens = try await DataFolder(at: server.data).tokens()
    return try RawServer(server, tokens)
  }

  private func file(_ name: String) -> String { certificates.appending(path: name).path }

  /// `options` are further ones of `daybook serve`. However many bad tokens come, nobody is refused for them: all
  /// come from one address.
  func start(_ options: [String] = []) async throws {
    let settings = file("settings.yaml")
    try "limits: { failed_tokens_per_address: { per_second: 0, burst: 1 } }\n".write(
      toFile: settings, atomically: true, encoding: .utf8)
    try await server.start(
      [
        "--tls", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--wss", "127.0.0.1:0",
        "--tls-certificate", file("server.pem"), "--tls-key", file("server.key"),
        "--settings", settings,
      ] + options)
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .file(file("authority.pem"))
    configuration.shutdownTimeout = .zero
    var found = RawPlaces(server.output.split(separator: "\n"))
    found.tls = try NIOSSLContext(configuration: configuration)
    places.withLockedValue { $0 = found }
  }

  var process: ServerProcess { ServerProcess(identifier: server.identifier ?? 0) }

  func token(_ user: String, device: String = "phone") async throws -> String {
    try await tokens.issue(
      .device(try UserID(user), try DeviceID(device)),
      expiresInSeconds: DataFolder.tokenSeconds.standard)
  }

  /// Users become members of groups, whose first one makes each.
  func makeGroups(_ members: [(user: String, group: String)]) async throws {
    let service = try DaybookClient(
      ClientConfiguration(
        server: server.address, token: try await server.token(service: "maker")))
    try await service.connect()
    var made: Set<String> = []
    for (user, group) in members {
      let acting = try service.acting(for: user)
      if made.insert(group).inserted {
        try await acting.createGroup(group)
      } else {
        try await acting.join(group: group)
      }
    }
    await service.close()
  }
}

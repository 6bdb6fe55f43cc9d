package import DaybookModel
import GRPCCore
import GRPCNIOTransportHTTP2Posix
package import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
package import Ports

/// Certificate, key, and who signs those of clients, as files in PEM.
package struct LogServiceFiles: Sendable {
  package let certificate: String
  package let key: String
  package let clientAuthority: String?

  package init(certificate: String, key: String, clientAuthority: String?) {
    self.certificate = certificate
    self.key = key
    self.clientAuthority = clientAuthority
  }

  fileprivate var security: HTTP2ServerTransport.Posix.TransportSecurity {
    let chain = [TLSConfig.CertificateSource.file(path: certificate, format: .pem)]
    let key = TLSConfig.PrivateKeySource.file(path: key, format: .pem)
    guard let clientAuthority else { return .tls(certificateChain: chain, privateKey: key) }
    return .mTLS(certificateChain: chain, privateKey: key) { config in
      config.trustRoots = .certificates([.file(path: clientAuthority, format: .pem)])
    }
  }
}

/// The log's service on an address: gRPC over HTTP/2, on threads that are not the sessions'.
package final class LogServicePort: Sendable {
  private struct Running {
    let server: GRPCServer<HTTP2ServerTransport.Posix>
    let serving: Task<Void, any Error>
    let ticks: RepeatedTask
  }

  private let conditions: FeedConditions
  private let callers: Callers
  private let logger: Logger
  /// The process's own, which nobody ends: gRPC still has something to do on it when its server has ended.
  private let loops = MultiThreadedEventLoopGroup.singleton
  private let running = NIOLockedValueBox<Running?>(nil)

  package init(
    _ conditions: FeedConditions, tokens: any TokenCheck, logger: Logger
  ) {
    self.conditions = conditions
    callers = Callers(tokens: tokens)
    self.logger = logger
  }

  /// So often who waits for the log looks whether time has passed.
  private static let tick = TimeAmount.milliseconds(200)

  /// Returns the port where it listens. Throws `unreachable`.
  package func start(
    host: String, port: Int, tls: LogServiceFiles? = nil
  ) async throws(DaybookError) -> Int {
    var config = HTTP2ServerTransport.Posix.Config.defaults
    config.http2.targetWindowSize = 1 << 20
    config.rpc.maxRequestPayloadSize = 4 << 20
    let resolved: NIOCore.SocketAddress
    do {
      resolved = try .makeAddressResolvingHost(host, port: port)
    } catch {
      throw DaybookError(.unreachable, "can't listen at \(host):\(port)", cause: error)
    }
    let ip = resolved.ipAddress ?? host
    let transport = HTTP2ServerTransport.Posix(
      address: resolved.protocol == .inet6
        ? .ipv6(host: ip, port: port) : .ipv4(host: ip, port: port),
      transportSecurity: tls?.security ?? .plaintext, config: config, eventLoopGroup: loops)
    let server = GRPCServer(
      transport: transport,
      services: [
        FeedService(conditions: conditions, callers: callers),
        LogDescription(log: conditions.log, callers: callers),
      ])
    let serving = Task { try await server.serve() }
    let signal = conditions.signal
    let ticks = loops.next().scheduleRepeatedTask(
      initialDelay: LogServicePort.tick, delay: LogServicePort.tick
    ) { _ in signal.wake() }
    running.withLockedValue { $0 = Running(server: server, serving: serving, ticks: ticks) }
    do {
      let address = try await transport.listeningAddress
      return address.ipv4?.port ?? address.ipv6?.port ?? port
    } catch {
      // Why stands in what serving came to.
      let outcome = await serving.result
      await stop()
      var cause = error
      if case .failure(let reason) = outcome { cause = reason }
      throw DaybookError(.unreachable, "can't listen at \(host):\(port)", cause: cause)
    }
  }

  /// For who does not read what is on its way.
  private static let stopDeadline = TimeAmount.seconds(2)

  /// Who follows is told to come again: a position says where to go on.
  package func stop() async {
    let running = running.withLockedValue { running in
      defer { running = nil }
      return running
    }
    guard let running else { return }
    running.ticks.cancel()
    conditions.signal.end()
    running.server.beginGracefulShutdown()
    let deadline = loops.next().scheduleTask(in: LogServicePort.stopDeadline) {
      running.serving.cancel()
    }
    _ = await running.serving.result
    deadline.cancel()
  }
}

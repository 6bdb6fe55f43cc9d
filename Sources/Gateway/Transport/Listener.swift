import DaybookModel
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix

/// Lets sessions in over sockets, at as many addresses as it is told. However many these are, connections are
/// counted together.
package final class Listener: Sendable {
  /// What is spoken there, in clear or inside of TLS.
  package enum Line: Sendable {
    /// Frames, one after the other.
    case tcp
    /// Frames in messages of WebSockets.
    case webSocket(WebSocketOptions)

    var isPlain: Bool { if case .tcp = self { true } else { false } }
  }

  private let group: any EventLoopGroup
  private let sessions: GatewaySessions
  private let gate: ConnectionGate
  private let channels = NIOLockedValueBox<[any Channel]>([])

  /// `group` is the one of the sessions.
  package init(_ sessions: GatewaySessions, group: any EventLoopGroup) {
    self.group = group
    self.sessions = sessions
    gate = ConnectionGate(connectionsMax: sessions.context.options.connectionsMax)
  }

  /// Listens at one address more. Port 0 takes a free one; the address returned has it. Throws
  /// `unreachable` if the address can't be had.
  package func start(
    _ line: Line, host: String, port: Int, tls: TLSCertificates? = nil
  ) async throws -> SocketAddress {
    let address = ServerAddress(host: host, port: port)
    do {
      let channel = try await bootstrap(line, tls).bind(host: host, port: port).get()
      channels.withLockedValue { $0.append(channel) }
      guard let bound = channel.localAddress else {
        throw DaybookError(.unreachable, "\(address) has no address to listen on")
      }
      return bound
    } catch let error as IOError {
      throw DaybookError(
        .unreachable,
        "can't listen on \(address): is another server running there? (errno \(error.errnoCode))")
    }
  }

  /// The same on a socket that listens already. It is closed when this stops listening, and goes on where
  /// somebody else has it too: who connects meanwhile waits in it.
  package func start(
    _ line: Line, on descriptor: Int32, tls: TLSCertificates? = nil
  ) async throws {
    let channel = try await bootstrap(line, tls).withBoundSocket(descriptor).get()
    channels.withLockedValue { $0.append(channel) }
  }

  private func bootstrap(_ line: Line, _ tls: TLSCertificates?) -> ServerBootstrap {
    let (context, gate) = (sessions.context, gate)
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Int32(context.options.backlog))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.maxMessagesPerRead, value: UInt(ConnectionGate.acceptsMax))
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ListenerGate(gate))
        }
      }
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let home = context.gatewayLoop(of: channel.eventLoop)
          try Listener.set(channel, context.options, home)
          let isProxied = context.options.proxies?.include(channel.remoteAddress) == true
          if isProxied {
            try channel.pipeline.syncOperations.addHandler(
              ProxyHandler(
                deadline: context.options.connectDeadline, logger: context.logger))
          }
          if let tls { try TLSLine.configure(channel, tls, home) }
          if case .webSocket(let options) = line {
            try WebSocketLine.configure(channel, home, options)
          }
          try channel.pipeline.syncOperations.addHandler(
            ConnectionHandler(
              home, gate: gate, mayCompress: line.isPlain && tls == nil && !isProxied))
        }
      }
  }

  /// At once: through the bootstrap each option is a future of its own, for each connection.
  private static func set(
    _ channel: any Channel, _ options: GatewayOptions, _ home: GatewayLoop
  ) throws {
    guard let settable = channel.syncOptions else { return }
    // Without it the last flight of a handshake waits for an ack that the other side delays by 40 ms.
    try settable.setOption(.tcpOption(.tcp_nodelay), value: 1)
    try settable.setOption(.allowRemoteHalfClosure, value: true)
    try settable.setOption(
      .writeBufferWaterMark,
      value: .init(low: options.unsentBytesLow, high: options.unsentBytesHigh))
    try settable.setOption(.maxMessagesPerRead, value: 1)
    try settable.setOption(.recvAllocator, value: LoopReads(home.strangersReads))
  }

  /// Accepts nothing more, anywhere. Connections that are open stay.
  package func stop() async {
    let listening = channels.withLockedValue { channels in
      defer { channels = [] }
      return channels
    }
    for channel in listening { try? await channel.close().get() }
  }
}

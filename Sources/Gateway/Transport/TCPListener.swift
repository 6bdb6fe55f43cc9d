import DaybookModel
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix

/// Lets sessions in over TCP.
package final class TCPListener: Sendable {
  private let group: any EventLoopGroup
  private let sessions: GatewaySessions
  private let gate: ConnectionGate
  private let listener = NIOLockedValueBox<(any Channel)?>(nil)

  /// `group` is the one of the sessions.
  package init(_ sessions: GatewaySessions, group: any EventLoopGroup) {
    self.group = group
    self.sessions = sessions
    gate = ConnectionGate(connectionsMax: sessions.context.options.connectionsMax)
  }

  /// Listens. Port 0 takes a free one; the address returned has it. Throws `unreachable` if the
  /// address can't be had.
  package func start(host: String, port: Int) async throws -> SocketAddress {
    let (context, gate) = (sessions.context, gate)
    let bootstrap = ServerBootstrap(group: group)
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
          try TCPListener.set(channel, context.options, home)
          try channel.pipeline.syncOperations.addHandler(ConnectionHandler(home, gate: gate))
        }
      }
    do {
      let channel = try await bootstrap.bind(host: host, port: port).get()
      listener.withLockedValue { $0 = channel }
      guard let address = channel.localAddress else {
        throw DaybookError(
          .unreachable,
          "\(ServerAddress(host: host, port: port)) has no address to listen on")
      }
      return address
    } catch let error as IOError {
      let address = ServerAddress(host: host, port: port)
      throw DaybookError(
        .unreachable,
        "can't listen on \(address): is another server running there? (errno \(error.errnoCode))")
    }
  }

  /// At once: through the bootstrap each option is a future of its own, for each connection.
  private static func set(
    _ channel: any Channel, _ options: GatewayOptions, _ home: GatewayLoop
  ) throws {
    guard let settable = channel.syncOptions else { return }
    try settable.setOption(.tcpOption(.tcp_nodelay), value: 1)
    try settable.setOption(.allowRemoteHalfClosure, value: true)
    try settable.setOption(
      .writeBufferWaterMark,
      value: .init(low: options.outboundBytesLow, high: options.outboundBytesMax))
    try settable.setOption(.maxMessagesPerRead, value: 1)
    try settable.setOption(.recvAllocator, value: LoopReads(home.strangersReads))
  }

  /// Accepts nothing more. Connections that are open stay.
  package func stop() async {
    let listening = listener.withLockedValue { channel in
      defer { channel = nil }
      return channel
    }
    try? await listening?.close().get()
  }
}

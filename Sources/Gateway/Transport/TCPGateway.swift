import DaybookModel
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix
package import Ports

/// Holds client connections over TCP: frames of `schemas/wire-protocol.md` in, commands and
/// queries out, committed events pushed.
package final class TCPGateway: Sendable {
  private let group: any EventLoopGroup
  private let context: GatewayContext
  let loops: [GatewayLoop]
  private let listener = NIOLockedValueBox<(any Channel)?>(nil)

  /// `group` serves the connections; its loops may be shared with the partitions'. Subscribes to
  /// `committed` at once.
  package init(
    group: any EventLoopGroup, commands: any Commands, committed: any CommittedBatches,
    queries: any Queries, tokens: any TokenCheck, clock: any WallClock, logID: String,
    options: GatewayOptions = GatewayOptions(), logger: Logger
  ) {
    self.group = group
    context = GatewayContext(
      commands: commands, queries: queries, tokens: tokens, clock: clock, logID: logID,
      options: options, logger: logger)
    loops = context.serve(on: group)
    committed.subscribe(BatchRouter(loops, presence: context.presence))
  }

  /// Listens. Port 0 takes a free one; the address returned has it. Throws `unreachable` if the
  /// address can't be had.
  package func start(host: String, port: Int) async throws -> SocketAddress {
    let context = context
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Int32(context.options.backlog))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.maxMessagesPerRead, value: UInt(ConnectionGate.acceptsMax))
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ListenerGate(context.gate))
        }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(
        .writeBufferWaterMark,
        value: .init(
          low: context.options.outboundBytesLow, high: context.options.outboundBytesMax)
      )
      .childChannelOption(.recvAllocator, value: ReadSizes.stranger)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let home = context.gatewayLoop(of: channel.eventLoop)
          try channel.pipeline.syncOperations.addHandler(SessionHandler(home))
        }
      }
    do {
      let channel = try await bootstrap.bind(host: host, port: port).get()
      listener.withLockedValue { $0 = channel }
      guard let address = channel.localAddress else {
        throw DaybookError(.unreachable, "\(host):\(port) has no address to listen on")
      }
      return address
    } catch let error as IOError {
      throw DaybookError(
        .unreachable, "can't listen on \(host):\(port); is another server running there?",
        cause: error)
    }
  }

  /// Accepts nothing more, tells every session that the server stops, and returns when all
  /// connections are closed and the owners have what the sessions had to say.
  package func stop() async {
    let listening = listener.withLockedValue { channel in
      defer { channel = nil }
      return channel
    }
    try? await listening?.close().get()
    let reason = DaybookError(
      .serverStopping, "the server is stopping; connect again in a while")
    for loop in loops {
      let ends = try? await loop.loop.submit {
        let ends = loop.sessions.values.compactMap(\.closed)
        loop.closeAll(reason)
        return ends
      }.get()
      for end in ends ?? [] { try? await end.get() }
      // Sessions tell the log of their ends, which goes to the owners before these stop.
      try? await loop.loop.submit { loop.submitGathered() }.get()
    }
    await context.threads.stop()
  }
}

import NIOCore
import NIOPosix
import WireProtocol

@testable import Gateway

/// What the Autobahn suite is run against: a server that says what it hears.
struct EchoServer {
  /// The largest message of the suite.
  static let messageBytesMax = 16 << 20

  let channel: any Channel

  var address: SocketAddress { channel.localAddress! }

  init(messageBytesMax: Int = EchoServer.messageBytesMax) async throws {
    channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers([
            WebSocketHandler(
              taking: nil, strangerMessageBytesMax: messageBytesMax,
              messageBytesMax: messageBytesMax, reads: [],
              largeMessage: LargeFrameRoom(
                QueryBudget(bytesMax: .max), channel.eventLoop, from: .max)),
            Echo(),
          ])
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  func stop() async { try? await channel.close().get() }
}

private final class Echo: ChannelInboundHandler {
  typealias InboundIn = WebSocketMessage
  typealias OutboundOut = WebSocketOutput

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let message = unwrapInboundIn(data)
    context.writeAndFlush(
      wrapOutboundOut(WebSocketOutput(kind: message.kind, parts: [message.payload])), promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Who hangs up without a word.
    if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
  }
}

import NIOCore

/// The edge between the channel and the engine: bytes in, and one round of actions for each burst.
final class ClientHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let engine: ClientEngine

  init(_ engine: ClientEngine) { self.engine = engine }

  func channelActive(context: ChannelHandlerContext) { engine.connected(context.channel) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    engine.received(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) { engine.perform() }

  func channelInactive(context: ChannelHandlerContext) { engine.disconnected() }

  // What fails a connection ends it; that it ended is what counts.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

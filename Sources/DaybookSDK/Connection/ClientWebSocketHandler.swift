import NIOCore
import WireProtocol

/// RFC 6455 between the socket and what takes and gives frames: the contents of binary messages.
final class ClientWebSocketHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// A server gathers replies, each up to a page.
  private static let messageBytesMax = 64 << 20

  private var decoder = WebSocketDecoder(
    areMasked: false, taking: .binary, messageBytesMax: messageBytesMax)
  private var isOpen = false
  private var isEnded = false
  /// What was written since the last flush.
  private var gathered: [ByteBuffer] = []
  private var isFlushed = false

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ClientUpgradeHandler.Opened else {
      return context.fireUserInboundEventTriggered(event)
    }
    isOpen = true
    if isFlushed { flush(context: context) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    do throws(WebSocketFault) {
      while !isEnded, let input = try decoder.next(&bytes) { take(input, context) }
    } catch {
      end(WebSocketClosing(error.code, error.reason), context)
    }
  }

  private func take(_ input: WebSocketInput, _ context: ChannelHandlerContext) {
    switch input {
    case .message(let message): context.fireChannelRead(wrapInboundOut(message.payload))
    // One that comes with the answer itself is passed over: there is nobody to answer by yet.
    case .ping(let payload): say(.pong, [payload], context)
    case .pong: break
    case .close(let closing): end(WebSocketClosing(closing.code), context)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    gathered.append(unwrapOutboundIn(data))
    // Nothing hangs on it: what ends a connection is its end.
    promise?.succeed()
  }

  func flush(context: ChannelHandlerContext) {
    isFlushed = !isOpen
    guard isOpen, !isEnded, !gathered.isEmpty else { return }
    let parts = gathered
    gathered = []
    say(.binary, parts, context)
  }

  private func say(
    _ opcode: WebSocketOpcode, _ parts: [ByteBuffer], _ context: ChannelHandlerContext
  ) {
    guard isOpen else { return }
    var frame = ByteBuffer()
    frame.writeWebSocketFrame(opcode, parts, key: UInt32.random(in: 0...UInt32.max))
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }

  /// Says so, and leaves it to the server to hang up.
  private func end(_ closing: WebSocketClosing, _ context: ChannelHandlerContext) {
    guard !isEnded else { return }
    isEnded = true
    say(.close, [closing.payload], context)
    context.close(promise: nil)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if !isEnded {
      isEnded = true
      say(.close, [WebSocketClosing(CloseCode.normal).payload], context)
    }
    context.close(mode: mode, promise: promise)
  }
}

import DaybookModel
import NIOCore
import WireProtocol

/// Frames of a bench's client in binary messages of a WebSocket (RFC 6455), which it asks for first. Nothing of what the
/// server says is looked at but where its messages end: the server's work is measured.
final class BenchWebSocket: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// A server gathers replies, each up to a page.
  private static let messageBytesMax = 64 << 20
  private static let request = """
    GET / HTTP/1.1\r
    Host: localhost\r
    Upgrade: websocket\r
    Connection: Upgrade\r
    Sec-WebSocket-Version: 13\r
    Sec-WebSocket-Key: ZGF5Ym9vayBiZW5jaCBrZQ==\r
    Sec-WebSocket-Protocol: daybook.v1.proto\r
    \r

    """

  private var decoder = WebSocketDecoder(
    areMasked: false, taking: .binary, messageBytesMax: messageBytesMax)
  /// The answer to the request, until it is whole.
  private var answer: ByteBuffer? = ByteBuffer()
  /// What the client has said before.
  private var early: [ByteBuffer] = []

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(
      wrapOutboundOut(ByteBuffer(string: BenchWebSocket.request)), promise: nil)
    context.fireChannelActive()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let bytes = unwrapOutboundIn(data)
    guard answer == nil else {
      early.append(bytes)
      return promise?.succeed() ?? ()
    }
    var frame = ByteBuffer()
    frame.writeWebSocketFrame(.binary, [bytes], key: UInt32.random(in: 1...UInt32.max))
    context.write(wrapOutboundOut(frame), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if answer != nil {
      guard let rest = open(with: &bytes, context) else { return }
      bytes = rest
    }
    do throws(WebSocketFault) {
      while let input = try decoder.next(&bytes) {
        if case .message(let message) = input {
          context.fireChannelRead(wrapInboundOut(message.payload))
        }
      }
    } catch {
      context.close(promise: nil)
    }
  }

  /// What has come behind the answer; nil while that is not whole.
  private func open(with bytes: inout ByteBuffer, _ context: ChannelHandlerContext) -> ByteBuffer? {
    guard var head = answer else { return nil }
    head.writeBuffer(&bytes)
    answer = head
    let view = head.readableBytesView
    guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    guard view.starts(with: Array("HTTP/1.1 101".utf8)) else {
      context.close(promise: nil)
      return nil
    }
    answer = nil
    head.moveReaderIndex(to: end.upperBound)
    for bytes in early { write(context: context, data: wrapInboundOut(bytes), promise: nil) }
    early = []
    context.flush()
    return head
  }
}

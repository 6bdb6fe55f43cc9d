import DaybookModel
import NIOCore
import WireProtocol

/// In what form frames are carried over a WebSocket.
enum Subprotocol: String, CaseIterable, Sendable {
  /// As over TCP, in binary messages: what these contain, one behind the other, is the same stream.
  case proto = "daybook.v1.proto"
  /// One a text message.
  case json = "daybook.v1.json"

  /// What a byte of frames takes on its way out, at most: as text a small event is some three times as many bytes, and
  /// each is a message with buffers of its own.
  var writtenBytesEach: Int {
    switch self {
    case .proto: 1
    case .json: 8
    }
  }

  var kind: WebSocketMessage.Kind {
    switch self {
    case .proto: .binary
    case .json: .text
    }
  }
}

/// Messages become frames as a session takes them, and what it says becomes messages.
final class SubprotocolHandler: ChannelDuplexHandler {
  typealias InboundIn = WebSocketMessage
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = WebSocketOutput

  private let subprotocol: Subprotocol
  private var isAtFault = false
  /// What was written since the last flush: whole frames.
  private var gathered: [ByteBuffer] = []
  private var written: EventLoopPromise<Void>?
  /// Of replies, which have no limit but their pages'.
  private var said = FrameDecoder(bodyBytesMax: Int(UInt32.max))

  init(_ subprotocol: Subprotocol) { self.subprotocol = subprotocol }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let message = unwrapInboundIn(data)
    switch subprotocol {
    case .proto: context.fireChannelRead(wrapInboundOut(message.payload))
    case .json:
      guard !isAtFault else { return }
      do throws(FrameFault) {
        let frame = try JSONFrames.decode(message.payload)
        var bytes = context.channel.allocator.buffer(
          capacity: FrameHeader.bytes + frame.body.readableBytes)
        bytes.writeFrame(frame.type, sequence: frame.sequence, body: frame.body)
        context.fireChannelRead(wrapInboundOut(bytes))
      } catch {
        isAtFault = true
        context.fireUserInboundEventTriggered(LineEvent.fault(error))
      }
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    gathered.append(unwrapOutboundIn(data))
    guard let promise else { return }
    if let written { written.futureResult.cascade(to: promise) } else { written = promise }
  }

  func flush(context: ChannelHandlerContext) {
    let (parts, promise) = (gathered, written)
    (gathered, written) = ([], nil)
    if !parts.isEmpty {
      switch subprotocol {
      case .proto: say(parts, context, promise)
      case .json:
        for part in parts { said.append(part) }
        sayFrames(context, promise)
      }
    }
    context.flush()
  }

  private func say(
    _ parts: [ByteBuffer], _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
  ) {
    context.write(
      wrapOutboundOut(WebSocketOutput(kind: subprotocol.kind, parts: parts)), promise: promise)
  }

  private func sayFrames(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
    do {
      while let frame = try said.next() {
        let text = try JSONFrames.encode(frame)
        say([text], context, said.pendingBytes == 0 ? promise : nil)
      }
    } catch {
      // An event in the log that can't be decoded: where it is damaged, what is read says so itself.
      let fault = WebSocketFault(CloseCode.serverFault, "what comes next can't be said in JSON")
      context.triggerUserOutboundEvent(fault, promise: nil)
      promise?.fail(error)
    }
  }
}

import DaybookModel
import NIOCore
import WireProtocol

/// A message on its way out, in parts that are written one after the other.
struct WebSocketOutput {
  var kind: WebSocketMessage.Kind
  var parts: [ByteBuffer]
}

/// RFC 6455 between a socket and whoever takes messages: pings are answered, and the end is said by both sides, with
/// the code of why.
final class WebSocketHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = WebSocketMessage
  typealias OutboundIn = WebSocketOutput
  typealias OutboundOut = ByteBuffer

  private enum State {
    case open
    /// This side has said that it ends; the other one's word is waited for, by whoever has ended it.
    case closing
    /// Both have.
    case ended
    /// What has come could not be read, so that nothing behind it can: the other side is to hang up.
    case failed
  }

  /// For how long the end waits for a peer to read that it is the end.
  private static let closingTime = TimeAmount.seconds(2)

  private var decoder: WebSocketDecoder
  /// Of a message, once it is known who sends it.
  private let messageBytesMax: Int
  /// What the socket may have been read into.
  private let reads: [ReadBuffer]
  private let largeMessage: LargeFrameRoom
  private var readIsPending = false
  private var state = State.open
  /// Why the session ends, once it does.
  private var ending: ErrorCode?
  /// The last ping that has no pong yet, as the client does not read: the others need none (5.5.3).
  private var unanswered: ByteBuffer?
  private var hasUnflushed = false
  /// The close frame was written, or can't be.
  private var hasLeft = false
  private var whenLeft: [() -> Void] = []

  /// Messages of both kinds are taken where `kind` is nil; of strangers, shorter ones.
  init(
    taking kind: WebSocketMessage.Kind?, strangerMessageBytesMax: Int, messageBytesMax: Int,
    reads: [ReadBuffer], largeMessage: LargeFrameRoom
  ) {
    decoder = WebSocketDecoder(
      areMasked: true, taking: kind, messageBytesMax: strangerMessageBytesMax)
    self.messageBytesMax = messageBytesMax
    self.reads = reads
    self.largeMessage = largeMessage
  }

  // MARK: in

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let read = unwrapInboundIn(data)
    var rest = read
    do throws(WebSocketFault) {
      while hears, let input = try decoder.next(&rest) { take(input, context) }
    } catch {
      fail(error, context)
    }
    for buffer in reads { buffer.giveBack(read) }
    guard largeMessage.isConcerned(by: decoder.messageBytes) else { return }
    largeMessage.takes(decoder.messageBytes) { [self] in
      guard readIsPending else { return }
      readIsPending = false
      context.read()
    }
  }

  func read(context: ChannelHandlerContext) {
    if largeMessage.isWaiting { readIsPending = true } else { context.read() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    largeMessage.end()
    context.fireChannelInactive()
  }

  private var hears: Bool {
    switch state {
    case .open, .closing: true
    case .ended, .failed: false
    }
  }

  private func take(_ input: WebSocketInput, _ context: ChannelHandlerContext) {
    switch input {
    case .message(let message):
      if state == .open { context.fireChannelRead(wrapInboundOut(message)) }
    case .ping(let payload):
      guard state == .open else { return }
      guard context.channel.isWritable else { return unanswered = payload }
      pong(payload, context)
    case .pong: break
    case .close(let closing): heard(closing, context)
    }
  }

  private func pong(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
    unanswered = nil
    context.write(wrapOutboundOut(control(.pong, payload, context)), promise: nil)
    hasUnflushed = true
  }

  private func control(
    _ opcode: WebSocketOpcode, _ payload: ByteBuffer, _ context: ChannelHandlerContext
  ) -> ByteBuffer {
    var frame = context.channel.allocator.buffer(capacity: payload.readableBytes + 2)
    frame.writeWebSocketHead(opcode, length: payload.readableBytes)
    frame.writeImmutableBuffer(payload)
    return frame
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if hasUnflushed { flush(context: context) }
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, state == .open, let unanswered {
      pong(unanswered, context)
      flush(context: context)
    }
    context.fireChannelWritabilityChanged()
  }

  // MARK: out

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let output = unwrapOutboundIn(data)
    // Behind a close frame nothing is said (5.5.1).
    guard state == .open else { return promise?.succeed() ?? () }
    let length = output.parts.reduce(0) { $0 + $1.readableBytes }
    var head = context.channel.allocator.buffer(capacity: 10)
    head.writeWebSocketHead(WebSocketOpcode(output.kind), length: length)
    guard let last = output.parts.last else {
      return context.write(wrapOutboundOut(head), promise: promise)
    }
    context.write(wrapOutboundOut(head), promise: nil)
    for part in output.parts.dropLast() { context.write(wrapOutboundOut(part), promise: nil) }
    context.write(wrapOutboundOut(last), promise: promise)
  }

  func flush(context: ChannelHandlerContext) {
    hasUnflushed = false
    context.flush()
  }

  func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    switch event as? SessionEvent {
    case .known: decoder.messageBytesMax = messageBytesMax
    case .ends(let reason): ending = reason
    case nil:
      guard let fault = event as? WebSocketFault else {
        return context.triggerUserOutboundEvent(event, promise: promise)
      }
      fail(fault, context)
    }
    promise?.succeed()
  }

  // MARK: the end

  /// The client ends it, or agrees that this side has.
  private func heard(_ closing: WebSocketClosing, _ context: ChannelHandlerContext) {
    let isFirst = state == .open
    state = .ended
    if isFirst {
      say(WebSocketClosing(closing.code), context)
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
    // The server's side of the socket is closed first (7.1.1).
    afterLeaving(context) { context.close(promise: nil) }
  }

  private func fail(_ fault: WebSocketFault, _ context: ChannelHandlerContext) {
    let isFirst = state == .open
    guard hears else { return }
    state = .failed
    guard isFirst else { return context.close(promise: nil) }
    say(WebSocketClosing(fault.code, fault.reason), context)
    afterLeaving(context) { context.close(mode: .output, promise: nil) }
    let code: ErrorCode = fault.code == CloseCode.tooLarge ? .frameTooLarge : .malformedFrame
    context.fireUserInboundEventTriggered(
      LineEvent.fault(FrameFault(sequence: 0, error: DaybookError(code, fault.reason))))
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode == .input { return context.close(mode: mode, promise: promise) }
    if state == .open {
      state = .closing
      say(
        ending.map { WebSocketClosing(CloseCode.of($0), $0.name) }
          ?? WebSocketClosing(CloseCode.normal), context)
    }
    // Until the client has said so too, or its time is over.
    if mode == .output, state != .ended { return promise?.succeed() ?? () }
    afterLeaving(context) { context.close(promise: promise) }
  }

  private func say(_ closing: WebSocketClosing, _ context: ChannelHandlerContext) {
    let frame = control(.close, closing.payload, context)
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in self.leave() }
    context.writeAndFlush(wrapOutboundOut(frame), promise: written)
    guard !hasLeft else { return }
    context.eventLoop.assumeIsolated().scheduleTask(in: WebSocketHandler.closingTime) {
      self.leave()
    }
  }

  private func leave() {
    hasLeft = true
    let waiting = whenLeft
    whenLeft = []
    for proceed in waiting { proceed() }
  }

  /// A socket that is closed takes back what the client's system has not taken of it.
  private func afterLeaving(_ context: ChannelHandlerContext, _ proceed: @escaping () -> Void) {
    if hasLeft { proceed() } else { whenLeft.append(proceed) }
  }
}

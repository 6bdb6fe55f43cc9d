import Logging
import Metrics
import NIOCore
import NIOSSL
import NIOTLS

/// Behind TLS: tells the operator of handshakes that fail, lets nobody wait for one that is too late, and keeps the
/// buffers of TLS small.
final class PlaintextHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Phase {
    /// What is said now is why there is no place for it, which it gets when hands are shaken.
    case opening
    case handshaking
    case open
  }

  /// TLS encrypts all that is written between two flushes into one buffer, which it keeps at the size that it came
  /// to: as many bytes as with their record's header and tag are below 16 KiB, in which it began.
  static let flushBytes = 15 << 10

  private let home: GatewayLoop
  private var lingering: LingeringClose?
  private var phase = Phase.opening
  private var unflushedBytes = 0

  init(_ home: GatewayLoop, _ lingering: LingeringClose) {
    self.home = home
    self.lingering = lingering
  }

  // MARK: the handshake

  func channelActive(context: ChannelHandlerContext) {
    context.fireChannelActive()
    phase = .handshaking
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let event = event as? TLSUserEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    guard case .handshakeCompleted = event else { return }
    phase = .open
    if let lingering {
      context.pipeline.syncOperations.removeHandler(lingering, promise: nil)
    }
    lingering = nil
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error as? NIOSSLError {
    case .handshakeFailed:
      guard let reason = HandshakeFault.words(error) else { return }
      lingering?.isWanted = true
      home.context.metrics.failedHandshakes.increment()
      home.context.sessionLog.handshakeFailed(reason, facts(context))
    // Frames have lengths: what ends without a word is as good, or is cut and noticed by them.
    case .uncleanShutdown, .shutdownFailed: break
    default: context.fireErrorCaught(error)
    }
  }

  private func facts(_ context: ChannelHandlerContext) -> Logger.Metadata {
    let address = ConnectionHandler.client(of: context).flatMap { ClientNetwork.text(of: $0) }
    return address.map { ["address": "\($0)"] } ?? [:]
  }

  // MARK: what is said

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard phase != .handshaking else {
      // Such as that its time is over, which nothing could be told before the handshake's end.
      return context.eventLoop.execute { promise?.fail(ChannelError.ioOnClosedChannel) }
    }
    var bytes = unwrapOutboundIn(data)
    while unflushedBytes + bytes.readableBytes > PlaintextHandler.flushBytes {
      if let piece = bytes.readSlice(length: PlaintextHandler.flushBytes - unflushedBytes) {
        context.write(wrapOutboundOut(piece), promise: nil)
      }
      flush(context: context)
    }
    unflushedBytes += bytes.readableBytes
    context.write(wrapOutboundOut(bytes), promise: promise)
  }

  func flush(context: ChannelHandlerContext) {
    unflushedBytes = 0
    context.flush()
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    // Before the handshake is over no side has said anything that the other could still want.
    context.close(mode: phase == .open ? mode : .all, promise: promise)
  }
}

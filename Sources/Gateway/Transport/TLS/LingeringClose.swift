import NIOCore

/// Stands in front of TLS until hands are shaken. Where that fails, TLS says why and closes at once; but a socket that
/// is closed over unread bytes takes back what was just sent. So this one says no more, passes over what comes,
/// and closes when the other side has, or soon.
final class LingeringClose: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let time = TimeAmount.seconds(1)

  /// The other side is about to be told why it is closed.
  var isWanted = false
  private var isLingering = false
  private var deadline: Scheduled<Void>?

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard isWanted, !isLingering, mode == .all else {
      return context.close(mode: mode, promise: promise)
    }
    isLingering = true
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: LingeringClose.time) {
      context.close(promise: nil)
    }
    let closed = context.close(mode: .output)
    closed.cascade(to: promise)
    closed.assumeIsolated().whenFailure { _ in context.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !isLingering { context.fireChannelRead(data) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if isLingering, event as? ChannelEvent == .inputClosed {
      context.close(promise: nil)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }
}

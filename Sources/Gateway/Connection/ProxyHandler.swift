import DaybookModel
import Logging
import NIOCore

/// Stands first on a connection that a trusted proxy passes on: nothing of it goes further before the
/// proxy has said whose it is. Stays, for whoever wants to know.
final class ProxyHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let deadline: TimeAmount
  private let logger: Logger
  private var buffer = ByteBuffer()
  private var timer: Scheduled<Void>?
  private var isOpen = false
  /// Nil for the proxy's own connections.
  private(set) var client: SocketAddress?

  init(deadline: TimeAmount, logger: Logger) {
    self.deadline = deadline
    self.logger = logger
  }

  /// Held back until the header is there.
  func channelActive(context: ChannelHandlerContext) {
    let channel = context.channel
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: deadline) {
      self.refuse("nothing has come", channel)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isOpen { return context.fireChannelRead(data) }
    var read = unwrapInboundIn(data)
    buffer.writeBuffer(&read)
    do throws(ProxyHeader.Fault) {
      guard let header = try ProxyHeader.read(from: &buffer) else { return }
      client = header.client
    } catch {
      return refuse(error.rawValue, context.channel)
    }
    timer?.cancel()
    timer = nil
    isOpen = true
    context.fireChannelActive()
    let rest = buffer.slice()
    buffer = ByteBuffer()
    if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if isOpen { context.fireChannelReadComplete() } else { context.read() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
    if isOpen { context.fireChannelInactive() }
  }

  private func refuse(_ why: String, _ channel: any Channel) {
    logger.notice(
      "a connection of a trusted proxy has no PROXY header of version 2: \(why)",
      metadata: ["address": "\(channel.remoteAddress.flatMap(ClientNetwork.text) ?? "")"])
    channel.close(promise: nil)
  }
}

import DaybookModel
import DaybookSchema
import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket
import WireProtocol

/// Answers the one request of HTTP that a connection has: it becomes a WebSocket, or ends. What its session says until
/// then is that there is no place, or no time left.
final class UpgradeHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// For how long a client may read why it was refused.
  private static let refusingTime = TimeAmount.seconds(2)

  /// Makes the answer's headers, and that alone: what comes behind them is ours.
  private static let handshake = NIOWebSocketServerUpgrader(
    shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
    upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })

  private let home: GatewayLoop
  private let options: WebSocketOptions
  /// Reads the request, and is to go with it.
  private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
  /// What was agreed on, until the request has ended.
  private var agreed: (HTTPRequestHead, Upgrade)?
  private var isAnswered = false
  /// Why the session ends, if it does before the request has come, and its own words.
  private var ending: ErrorCode?
  private var said = FrameDecoder()

  init(
    _ home: GatewayLoop, _ options: WebSocketOptions,
    behind decoder: ByteToMessageHandler<HTTPRequestDecoder>
  ) {
    self.home = home
    self.options = options
    self.decoder = decoder
  }

  // MARK: in

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isAnswered else { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      do throws(UpgradeRefusal) {
        agreed = (head, try UpgradeRequest.judge(head, options))
      } catch {
        refuse(error, context)
      }
    case .body: break
    case .end:
      guard let (head, upgrade) = agreed else { return }
      accept(upgrade, head, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case HTTPParserError.headerOverflow, is ByteToMessageDecoderError.PayloadTooLargeError:
      let bytes = home.context.options.upgradeBytesMax
      refuse(
        UpgradeRefusal(
          .requestHeaderFieldsTooLarge, "a request of more than \(bytes) bytes"), context)
    case is HTTPParserError:
      refuse(UpgradeRefusal(.badRequest, "this is no request of HTTP/1.1"), context)
    default: context.fireErrorCaught(error)
    }
  }

  private func accept(
    _ upgrade: Upgrade, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    UpgradeHandler.handshake.buildUpgradeResponse(
      channel: context.channel, upgradeRequest: head, initialResponseHeaders: [:]
    ).assumeIsolated().whenComplete { result in
      switch result {
      case .success(var headers):
        headers.add(name: "Sec-WebSocket-Protocol", value: upgrade.subprotocol.rawValue)
        self.become(upgrade, headers, context)
      case .failure:
        self.refuse(UpgradeRefusal(.badRequest, "this is no request for a WebSocket"), context)
      }
    }
  }

  private func become(
    _ upgrade: Upgrade, _ headers: HTTPHeaders, _ context: ChannelHandlerContext
  ) {
    isAnswered = true
    let answer = HTTPAnswer.head(.switchingProtocols, headers)
    context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    let pipeline = context.pipeline.syncOperations
    let limits = home.context.options
    do {
      try pipeline.addHandlers(
        [
          WebSocketHandler(
            taking: upgrade.subprotocol.kind,
            strangerMessageBytesMax: limits.strangerFrameBytesMax,
            messageBytesMax: limits.frameBytesMax + FrameHeader.bytesMax,
            reads: [home.strangersReads, home.reads],
            largeMessage: LargeFrameRoom(
              home.context.largeFrames, home.loop, from: limits.inboundBytesMax)),
          SubprotocolHandler(upgrade.subprotocol),
        ], position: .after(self))
    } catch {
      return context.close(promise: nil)
    }
    context.fireUserInboundEventTriggered(
      LineEvent.writes(bytesEach: upgrade.subprotocol.writtenBytesEach))
    if !upgrade.token.isEmpty {
      context.fireUserInboundEventTriggered(LineEvent.token(upgrade.token))
    }
    pipeline.removeHandler(context: context, promise: nil)
    // What has come behind the request goes on to the new handlers, which wait for the end of a read.
    let (channel, handedOn) = (context.channel, context.eventLoop.makePromise(of: Void.self))
    handedOn.futureResult.whenComplete { _ in channel.pipeline.fireChannelReadComplete() }
    pipeline.removeHandler(decoder, promise: handedOn)
  }

  private func refuse(_ refusal: UpgradeRefusal, _ context: ChannelHandlerContext) {
    guard !isAnswered else { return }
    var facts = ["status": "\(refusal.status.code)"]
    facts["address"] = ConnectionHandler.client(of: context).flatMap { ClientNetwork.text(of: $0) }
    home.context.sessionLog.refused(
      DaybookError(.invalidRequest, "no WebSocket: \(refusal.text)"), facts.mapValues { "\($0)" })
    answer(refusal, context)
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: UpgradeHandler.refusingTime) {
      channel.close(promise: nil)
    }
  }

  private func answer(_ refusal: UpgradeRefusal, _ context: ChannelHandlerContext) {
    isAnswered = true
    context.writeAndFlush(wrapOutboundOut(HTTPAnswer.bytes(refusal)), promise: nil)
  }

  // MARK: out

  /// What a session says now is its end, which HTTP says in its own way.
  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    said.append(unwrapOutboundIn(data))
    promise?.succeed()
  }

  func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    guard case .ends(let reason)? = event as? SessionEvent else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    ending = reason
    promise?.succeed()
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if let ending, !isAnswered {
      var refusal =
        ending == .connectDeadline
        ? UpgradeRefusal(.requestTimeout, "no request came in time")
        : UpgradeRefusal(.serviceUnavailable, "\(ending.name): come again in a while")
      if let milliseconds = retryAfter() {
        // In whole seconds, and never sooner (RFC 9110, 10.2.3).
        refusal.headers["Retry-After"] = "\((milliseconds + 999) / 1_000)"
      }
      answer(refusal, context)
    }
    context.close(mode: mode, promise: promise)
  }
}

extension UpgradeHandler {
  /// As the session's `closing` states it, in milliseconds; nil where it does not.
  private func retryAfter() -> UInt32? {
    while let frame = try? said.next() {
      guard frame.type == .closing,
        let closing = try? Daybook_V1_Closing(frameBody: frame.body), closing.error.retryAfterMs > 0
      else { continue }
      return closing.error.retryAfterMs
    }
    return nil
  }
}

/// An answer of HTTP/1.1 as it goes over the line.
enum HTTPAnswer {
  static func bytes(_ refusal: UpgradeRefusal) -> ByteBuffer {
    let text = refusal.text + "\n"
    var headers = HTTPHeaders(refusal.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    // An answer that names what to upgrade to has to say so here as well (RFC 9110, 7.8).
    let isUpgrade = headers.contains(name: "Upgrade")
    headers.add(name: "Connection", value: isUpgrade ? "upgrade, close" : "close")
    headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
    headers.add(name: "Content-Length", value: "\(text.utf8.count)")
    var bytes = head(refusal.status, headers)
    bytes.writeString(text)
    return bytes
  }

  static func head(_ status: HTTPResponseStatus, _ headers: HTTPHeaders) -> ByteBuffer {
    var bytes = ByteBuffer(string: "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
    for (name, value) in headers { bytes.writeString("\(name): \(value)\r\n") }
    bytes.writeString("\r\n")
    return bytes
  }
}

import DaybookModel
import NIOCore
import NIOHTTP1
import NIOWebSocket
import WireProtocol

/// Asks for a WebSocket once the connection is there, and goes when it is one. What the session says until then waits
/// behind it.
final class ClientUpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  /// It is a WebSocket now.
  struct Opened: Sendable {}

  private static let subprotocol = "daybook.v1.proto"
  /// Of what a server says that refuses.
  private static let textBytesMax = 512
  private static let headBytesMax = 8_192

  private let engine: ClientEngine
  private let host: String
  private let encoder = HTTPRequestEncoder()
  private let decoder: ByteToMessageHandler<HTTPResponseDecoder>
  /// Makes the key, and looks whether the answer has the one that fits.
  private let handshake = NIOWebSocketClientUpgrader { channel, _ in
    channel.eventLoop.makeSucceededVoidFuture()
  }
  private var isAgreed = false
  private var refusal: (status: UInt, text: ByteBuffer)?

  /// `host` as a request names it.
  init(_ engine: ClientEngine, host: String) {
    self.engine = engine
    self.host = host
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderListSize = ClientUpgradeHandler.headBytesMax
    decoder = ByteToMessageHandler(
      HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
  }

  /// This, and what speaks HTTP in front of it.
  func add(to pipeline: ChannelPipeline.SynchronousOperations) throws {
    try pipeline.addHandlers([encoder, decoder, self, ClientWebSocketHandler()])
  }

  func channelActive(context: ChannelHandlerContext) {
    var headers = HTTPHeaders([
      ("Host", host), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
      ("Sec-WebSocket-Protocol", ClientUpgradeHandler.subprotocol),
    ])
    handshake.addCustom(upgradeRequestHeaders: &headers)
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      isAgreed =
        head.status == .switchingProtocols && handshake.shouldAllowUpgrade(upgradeResponse: head)
        && head.headers["Sec-WebSocket-Protocol"] == [ClientUpgradeHandler.subprotocol]
      if !isAgreed { refusal = (head.status.code, ByteBuffer()) }
    case .body(let part):
      guard var text = refusal?.text else { return }
      let room = ClientUpgradeHandler.textBytesMax - text.readableBytes
      text.writeImmutableBuffer(
        part.getSlice(at: part.readerIndex, length: min(room, part.readableBytes)) ?? ByteBuffer())
      refusal?.text = text
    case .end: if isAgreed { open(context) } else { refuse(context) }
    }
  }

  /// What has come behind the answer goes on first; only then nothing takes what is written for HTTP any more.
  private func open(_ context: ChannelHandlerContext) {
    let pipeline = context.pipeline.syncOperations
    let (channel, handedOn) = (context.channel, context.eventLoop.makePromise(of: Void.self))
    handedOn.futureResult.whenComplete { _ in
      channel.pipeline.fireUserInboundEventTriggered(Opened())
      channel.pipeline.fireChannelReadComplete()
    }
    pipeline.removeHandler(context: context, promise: nil)
    pipeline.removeHandler(encoder, promise: nil)
    pipeline.removeHandler(decoder, promise: handedOn)
  }

  private func refuse(_ context: ChannelHandlerContext) {
    let text = refusal.map { String(buffer: $0.text) } ?? ""
    engine.webSocketRefused(refusal?.status ?? 0, text)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    // Cut short, and clear all the same.
    if refusal != nil { refuse(context) }
    context.fireChannelInactive()
  }
}

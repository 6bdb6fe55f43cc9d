import DaybookModel
import DaybookSchema
import NIOCore
import NIOPosix
import NIOSSL
import WireProtocol

/// Whoever has a line, told of what comes on it: on its event loop.
protocol RawLineOwner: AnyObject, Sendable {
  func opened(_ line: RawLine)
  func took(_ frame: Frame, from line: RawLine)
  func hasRead(_ line: RawLine)
  func ended(_ line: RawLine)
}

/// One connection to a server by any transport: frames out and in, and what no client should do.
///
/// `@unchecked Sendable`: touched on its channel's event loop only.
final class RawLine: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Of one `read` of a slow client, and how often it reads.
  private static let slowBytes = 1_024
  private static let slowInterval = TimeAmount.milliseconds(2)

  let transport: RawTransport
  private weak var owner: (any RawLineOwner)?
  private var channel: (any Channel)?
  private var slowReads: RepeatedTask?
  /// The answer to a request for a WebSocket, until it is whole.
  private var head: ByteBuffer?
  /// A session may be spoken to.
  private(set) var wasOpen = false
  private var frames = FrameDecoder(bodyBytesMax: Int(UInt32.max))
  private var messages = WebSocketDecoder(areMasked: false, messageBytesMax: 64 << 20)

  // What its session has come to, for its owner.
  var sequence: UInt32 = 0
  var inFlight: [UInt32: (message: LedgerMessage, at: NIODeadline)] = [:]
  /// Of each followed stream, what was pushed and not acked yet.
  var toAck: [String: UInt64] = [:]
  var isCaughtUp = false
  /// The highest number that was sent here.
  var sentUpTo: UInt64 = 0
  private(set) var isEnded = false
  /// It was not the server who ended it.
  private(set) var wasClosedHere = false

  private init(_ transport: RawTransport, _ owner: any RawLineOwner) {
    self.transport = transport
    self.owner = owner
  }

  /// Nil where nobody takes the connection. `receiveBytes`: of the socket's buffer.
  static func open(
    _ transport: RawTransport, _ places: RawPlaces, on loop: any EventLoop,
    receiveBytes: Int? = nil, of owner: any RawLineOwner
  ) async -> RawLine? {
    let line = RawLine(transport, owner)
    var bootstrap = ClientBootstrap(group: loop)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if transport.isTLS, let tls = places.tls {
            try pipeline.addHandler(
              try NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
          }
          try pipeline.addHandler(line)
        }
      }
    if let receiveBytes {
      bootstrap = bootstrap.channelOption(
        .socketOption(.so_rcvbuf), value: SocketOptionValue(receiveBytes))
    }
    guard let port = places.ports[transport.option] else { return nil }
    return (try? await bootstrap.connect(host: "127.0.0.1", port: port).get()) == nil ? nil : line
  }

  /// Whom it has spoken to by TLS.
  var peerCertificate: NIOSSLCertificate? {
    let tls = try? channel?.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
    return tls?.peerCertificate
  }

  // MARK: out

  func write(_ type: FrameType, _ body: ByteBuffer) {
    sequence += 1
    write(Frame(type: type, sequence: sequence, body: body))
  }

  /// The frame's sequence stays as it is.
  func write(_ frame: Frame) {
    if transport.isJSON {
      guard let text = try? JSONFrames.encode(frame) else { return }
      return write(.text, text)
    }
    var bytes = ByteBuffer()
    bytes.writeFrame(frame.type, sequence: frame.sequence, body: frame.body)
    if transport.isWebSocket { write(.binary, bytes) } else { writeRaw(bytes) }
  }

  func write(_ opcode: WebSocketOpcode, _ payload: ByteBuffer) {
    var frame = ByteBuffer()
    frame.writeWebSocketFrame(opcode, [payload], key: 0x0bad_cafe)
    writeRaw(frame)
  }

  /// Bytes as they are; inside of TLS, where that is spoken.
  func writeRaw(_ bytes: ByteBuffer) { channel?.writeAndFlush(bytes, promise: nil) }

  /// Bytes below TLS, or as they are.
  func writeBelow(_ bytes: ByteBuffer) {
    guard let context = belowTLS else { return writeRaw(bytes) }
    context.writeAndFlush(NIOAny(bytes), promise: nil)
  }

  private var belowTLS: ChannelHandlerContext? {
    try? channel?.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
  }

  /// Nothing more is written.
  func halfClose() { channel?.close(mode: .output, promise: nil) }

  func close() {
    wasClosedHere = true
    channel?.close(promise: nil)
  }

  /// With RST, and whatever is on its way is lost.
  func reset() {
    wasClosedHere = true
    _ = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    if let context = belowTLS { context.close(promise: nil) } else { channel?.close(promise: nil) }
  }

  func read(_ reading: RawReading) {
    slowReads?.cancel()
    slowReads = nil
    guard let channel else { return }
    try? channel.syncOptions?.setOption(.autoRead, value: reading == .all)
    if reading == .slow {
      try? channel.syncOptions?.setOption(
        .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: RawLine.slowBytes))
      slowReads = channel.eventLoop.scheduleRepeatedTask(
        initialDelay: .zero, delay: RawLine.slowInterval
      ) { _ in channel.read() }
    }
  }

  // MARK: in

  func channelActive(context: ChannelHandlerContext) {
    channel = context.channel
    guard transport.isWebSocket else { return open() }
    head = ByteBuffer()
    writeRaw(
      ByteBuffer(
        string: """
          GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r
          Sec-WebSocket-Protocol: \(transport.subprotocol)\r\n\r\n
          """))
  }

  private func open() {
    wasOpen = true
    owner?.opened(self)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if head != nil {
      head?.writeBuffer(&bytes)
      guard let rest = upgraded() else { return }
      bytes = rest
    }
    do {
      try take(&bytes)
    } catch {
      preconditionFailure("the server has sent what is no frame: \(error)")
    }
  }

  /// What comes behind the answer; nil as long as it is not whole, and where it refuses.
  private func upgraded() -> ByteBuffer? {
    guard var head else { return nil }
    let end = Array("\r\n\r\n".utf8)
    let view = head.readableBytesView
    guard let range = view.firstRange(of: end) else { return nil }
    let isAgreed = view.starts(with: "HTTP/1.1 101".utf8)
    head.moveReaderIndex(to: range.upperBound)
    self.head = nil
    guard isAgreed else {
      close()
      return nil
    }
    open()
    return head
  }

  private func take(_ bytes: inout ByteBuffer) throws {
    guard transport.isWebSocket else {
      frames.append(bytes)
      return try takeFrames()
    }
    while let input = try messages.next(&bytes) {
      switch input {
      case .message(let message) where transport.isJSON:
        owner?.took(try JSONFrames.decode(message.payload), from: self)
      case .message(let message):
        frames.append(message.payload)
        try takeFrames()
      case .ping(let payload): write(.pong, payload)
      case .pong: break
      case .close(let closing): write(.close, WebSocketClosing(closing.code).payload)
      }
    }
  }

  private func takeFrames() throws {
    while let frame = try frames.next() { owner?.took(frame, from: self) }
  }

  func channelReadComplete(context: ChannelHandlerContext) { if wasOpen { owner?.hasRead(self) } }

  /// The server says no more: it is done with this one.
  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    slowReads?.cancel()
    channel = nil
    isEnded = true
    owner?.ended(self)
  }
}

import NIOCore
import NIOPosix
import Testing

/// A WebSocket as bytes on a socket, written and read by the letter of RFC 6455, and by nothing of what is tested.
///
/// `@unchecked Sendable`: used by one test at a time.
final class RawWebSocket: @unchecked Sendable {
  struct Frame: Equatable {
    var opcode: UInt8
    var isFinal = true
    var payload: [UInt8]

    /// Of a close frame; nil where it states none.
    var code: Int? { payload.count < 2 ? nil : Int(payload[0]) << 8 | Int(payload[1]) }
    var reason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
    var text: String { String(decoding: payload, as: UTF8.self) }
  }

  let channel: any Channel
  private var pieces: AsyncStream<ByteBuffer>.Iterator
  private var pending = ByteBuffer()
  private var keys: UInt32 = 0x37fa_213d

  private init(_ channel: any Channel, _ pieces: AsyncStream<ByteBuffer>) {
    self.channel = channel
    self.pieces = pieces.makeAsyncIterator()
  }

  /// Without a handshake.
  static func connect(to address: SocketAddress) async throws -> RawWebSocket {
    let (pieces, feed) = AsyncStream<ByteBuffer>.makeStream()
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(PieceCollector(feed))
        }
      }
      .connect(to: address).get()
    return RawWebSocket(channel, pieces)
  }

  // MARK: out

  func write(_ bytes: [UInt8], chop: Int? = nil) {
    guard let chop else { return channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
    var rest = ByteBuffer(bytes: bytes)
    while rest.readableBytes > 0 {
      let piece = rest.readSlice(length: min(chop, rest.readableBytes))!
      channel.writeAndFlush(piece, promise: nil)
    }
  }

  func write(_ text: String) { write(Array(text.utf8)) }

  /// A frame as a client writes it, each with another key.
  func frame(
    _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, reserved: UInt8 = 0,
    isMasked: Bool = true
  ) -> [UInt8] {
    var bytes = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
    let mask: UInt8 = isMasked ? 0x80 : 0
    switch payload.count {
    case ..<126: bytes.append(mask | UInt8(payload.count))
    case ..<65_536:
      bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
    default:
      bytes.append(mask | 127)
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(payload.count >> shift & 0xff))
      }
    }
    guard isMasked else { return bytes + payload }
    keys = keys &* 1_664_525 &+ 1_013_904_223
    let key = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: keys >> $0) }
    return bytes + key + RawWebSocket.masked(payload, key)
  }

  /// Eight bytes at a time: some payloads have 16 MB.
  private static func masked(_ payload: [UInt8], _ key: [UInt8]) -> [UInt8] {
    let word = (key + key).withUnsafeBytes { $0.load(as: UInt64.self) }
    var masked = payload + [UInt8](repeating: 0, count: 8)
    masked.withUnsafeMutableBytes { bytes in
      let words = bytes.baseAddress!
      for at in stride(from: 0, to: payload.count, by: 8) {
        let part = words.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        words.storeBytes(of: part ^ word, toByteOffset: at, as: UInt64.self)
      }
    }
    masked.removeLast(8)
    return masked
  }

  func send(_ text: String) { write(frame(1, Array(text.utf8))) }
  func send(binary bytes: [UInt8]) { write(frame(2, bytes)) }

  func sayClosing(_ code: Int? = 1000, _ reason: [UInt8] = []) {
    let head = code.map { [UInt8($0 >> 8), UInt8($0 & 0xff)] } ?? []
    write(frame(8, head + reason))
  }

  func close() async { try? await channel.close().get() }

  // MARK: in

  /// False at the end.
  private func more() async -> Bool {
    guard var piece = await pieces.next(isolation: nil) else { return false }
    if pending.readableBytes == 0 {
      pending = piece
    } else {
      pending.discardReadBytes()
      pending.writeBuffer(&piece)
    }
    return true
  }

  private func bytes(_ count: Int) async -> [UInt8]? {
    while pending.readableBytes < count {
      guard await more() else { return nil }
    }
    return pending.readBytes(length: count)
  }

  /// The head of an HTTP answer, as lines.
  func head() async throws -> [String] {
    var head = ""
    while !head.hasSuffix("\r\n\r\n") {
      head += String(decoding: try #require(await bytes(1), "the connection ended"), as: UTF8.self)
    }
    return head.split(separator: "\r\n").map(String.init)
  }

  /// All that comes until the end.
  func rest() async -> String {
    while await more() {}
    return pending.readString(length: pending.readableBytes) ?? ""
  }

  /// Nil at the end.
  func next() async throws -> Frame? {
    guard let head = await bytes(2) else { return nil }
    // A server masks nothing, and no extension was agreed on.
    try #require(head[0] & 0x70 == 0 && head[1] & 0x80 == 0, "\(head)")
    var length = Int(head[1])
    if length > 125 {
      let more = try #require(await bytes(length == 126 ? 2 : 8))
      length = more.reduce(0) { $0 << 8 | Int($1) }
    }
    let payload = try #require(await bytes(length), "a frame is cut")
    return Frame(opcode: head[0] & 0x0f, isFinal: head[0] & 0x80 != 0, payload: payload)
  }

  /// The next frame, whatever it is.
  func frame() async throws -> Frame { try #require(try await next(), "the connection ended") }

  func isAtEnd() async throws -> Bool { try await next() == nil }
}

private final class PieceCollector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let feed: AsyncStream<ByteBuffer>.Continuation

  init(_ feed: AsyncStream<ByteBuffer>.Continuation) { self.feed = feed }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    feed.yield(unwrapInboundIn(data))
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event as? ChannelEvent == .inputClosed { feed.finish() }
  }

  func channelInactive(context: ChannelHandlerContext) { feed.finish() }
}

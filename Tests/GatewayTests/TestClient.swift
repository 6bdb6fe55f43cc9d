import DaybookModel
import DaybookSchema
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

extension GatewayOptions {
  /// For tests on a machine that is busy with others: what takes its time is no fault.
  static var patient: GatewayOptions {
    var options = GatewayOptions()
    options.connectDeadline = .hours(1)
    options.heartbeatInterval = .hours(1)
    return options
  }
}

/// A gateway over a `MemoryDaybook`, on two loops of its own. Its connections are in memory, unless a
/// test is about sockets.
struct GatewayFixture {
  let daybook = MemoryDaybook()
  let sessions: GatewaySessions
  let group: MultiThreadedEventLoopGroup
  private let listener: Listener?
  let address: SocketAddress?
  /// Where TLS is spoken, if it is.
  let tlsAddress: SocketAddress?
  /// Where WebSockets are spoken.
  let webSockets: SocketAddress?
  private let opened = NIOLockedValueBox(0)

  private init(
    _ options: GatewayOptions, hasSockets: Bool, _ certificates: TLSCertificates? = nil,
    webSocket: WebSocketOptions? = nil,
    logger: Logger = Logger(label: "test")
  ) async throws {
    group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    sessions = GatewaySessions(
      group: group, commands: daybook, committed: daybook, queries: daybook, tokens: daybook,
      clock: daybook, logID: "log", threads: PoolThreads(), options: options, logger: logger)
    listener = hasSockets ? Listener(sessions, group: group) : nil
    address = try await listener?.start(.tcp, host: "127.0.0.1", port: 0)
    tlsAddress =
      if let certificates {
        try await listener?.start(.tcp, host: "127.0.0.1", port: 0, tls: certificates)
      } else { nil }
    webSockets =
      if let webSocket {
        try await listener?.start(.webSocket(webSocket), host: "127.0.0.1", port: 0)
      } else { nil }
  }

  /// Over loopback sockets, with what is in front of a session there.
  static func runOverTCP(
    _ options: GatewayOptions = .patient,
    _ body: (GatewayFixture) async throws -> Void
  ) async throws {
    try await run(try await GatewayFixture(options, hasSockets: true), body)
  }

  /// The same, with a second address where TLS is spoken.
  static func runOverTLS(
    _ certificates: TLSCertificates, _ options: GatewayOptions = .patient,
    logger: Logger = Logger(label: "test"), _ body: (GatewayFixture) async throws -> Void
  ) async throws {
    let fixture = try await GatewayFixture(
      options, hasSockets: true, certificates, logger: logger)
    try await run(fixture, body)
  }

  /// The same, with WebSockets besides.
  static func runOverWebSocket(
    _ options: GatewayOptions = .patient, _ webSocket: WebSocketOptions = WebSocketOptions(),
    _ body: (GatewayFixture) async throws -> Void
  ) async throws {
    try await run(
      try await GatewayFixture(options, hasSockets: true, webSocket: webSocket), body)
  }

  static func run(
    _ options: GatewayOptions = .patient,
    _ body: (GatewayFixture) async throws -> Void
  ) async throws {
    try await run(try await GatewayFixture(options, hasSockets: false), body)
  }

  private static func run(
    _ fixture: GatewayFixture, _ body: (GatewayFixture) async throws -> Void
  ) async throws {
    do {
      try await body(fixture)
    } catch {
      await fixture.stop()
      try await fixture.group.shutdownGracefully()
      throw error
    }
    await fixture.stop()
    try await fixture.group.shutdownGracefully()
  }

  func stop() async {
    await listener?.stop()
    await sessions.stop()
  }

  /// A connection without a session.
  func open() async throws -> TestClient {
    guard let address else {
      let (frames, feed) = AsyncStream<Frame>.makeStream()
      // To each loop by turns.
      let index = opened.withLockedValue { opened in
        opened += 1
        return opened
      }
      let line = MemoryConnection(sessions.loops[index % sessions.loops.count], feed)
      try await line.open()
      return TestClient(line, frames: frames.makeAsyncIterator())
    }
    return try await open(to: address)
  }

  /// A socket's, with what `prepare` puts in front of the frames.
  func open(
    to address: SocketAddress,
    _ prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
  ) async throws -> TestClient {
    let (frames, feed) = AsyncStream<Frame>.makeStream()
    let channel = try await ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try prepare(channel)
          try channel.pipeline.syncOperations.addHandler(FrameCollector(feed))
        }
      }
      .connect(to: address).get()
    return TestClient(SocketLine(channel: channel), frames: frames.makeAsyncIterator())
  }

  /// A session, with its ConnectReply taken.
  func connect(_ token: String) async throws -> TestClient {
    let client = try await open()
    _ = try await client.connect(token)
    return client
  }

  /// A device's session, caught up with what it was sent on the way.
  func live(_ token: String) async throws -> (TestClient, [Frame]) {
    let client = try await connect(token)
    let frames = try await client.until(.caughtUp)
    return (client, frames)
  }
}

struct SocketLine: TestLine {
  let channel: any Channel

  func write(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }
  func close() async throws { try await channel.close() }
}

final class FrameCollector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private var decoder = FrameDecoder()
  private let feed: AsyncStream<Frame>.Continuation

  init(_ feed: AsyncStream<Frame>.Continuation) { self.feed = feed }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    decoder.append(unwrapInboundIn(data))
    while let frame = try? decoder.next() { feed.yield(frame) }
  }

  func channelInactive(context: ChannelHandlerContext) { feed.finish() }
}

/// Used by one test at a time.
final class TestClient: @unchecked Sendable {
  let line: any TestLine
  private var frames: AsyncStream<Frame>.Iterator
  var sequence: UInt32 = 0

  init(_ line: any TestLine, frames: AsyncStream<Frame>.Iterator) {
    self.line = line
    self.frames = frames
  }

  /// Of a socket.
  var channel: any Channel {
    guard let line = line as? SocketLine else {
      preconditionFailure("a connection in memory has no channel: run over TCP")
    }
    return line.channel
  }

  func connect(_ token: String) async throws -> Daybook_V1_ConnectReply {
    let request = Daybook_V1_ConnectRequest.with {
      $0.token = token
      $0.origin.append(contentsOf: token.utf8)
    }
    let frame = try await ask(.connect, request)
    try #require(frame.type == .connect.reply, "\(frame.type)")
    return try Daybook_V1_ConnectReply(frameBody: frame.body)
  }

  /// Whether the server takes the connection as a session's. It may as well end it.
  func isTaken(_ token: String) async -> Bool {
    let request = Daybook_V1_ConnectRequest.with { $0.token = token }
    guard (try? await say(.connect, request)) != nil else { return false }
    while let frame = await frames.next(isolation: nil) {
      if frame.type == .connect.reply { return true }
    }
    return false
  }

  func write(_ bytes: ByteBuffer) async throws { try await line.write(bytes) }

  @discardableResult
  func say(_ type: FrameType, _ body: some SwiftProtobuf.Message) async throws -> UInt32 {
    sequence += 1
    var buffer = ByteBuffer()
    buffer.writeFrame(type, sequence: sequence, message: body)
    try await write(buffer)
    return sequence
  }

  /// The next frame, whatever it is; the test fails at the connection's end.
  func next() async throws -> Frame {
    try #require(await frames.next(isolation: nil), "the connection ended")
  }

  /// Nil at the connection's end.
  func nextIfAny() async -> Frame? { await frames.next(isolation: nil) }

  /// All that come until one of this type, which is the last.
  func until(_ type: FrameType) async throws -> [Frame] {
    var all: [Frame] = []
    while all.last?.type != type { all.append(try await next()) }
    return all
  }

  /// Seqs of the stream's events that come next, up to this one; other frames are passed over.
  func seqs(of stream: String, through last: UInt64) async throws -> [UInt64] {
    var all: [UInt64] = []
    while all.last != last { all += try [try await next()].seqs(of: stream) }
    return all
  }

  /// The answer to a request; pushes that come before it are passed over.
  func ask(_ type: FrameType, _ body: some SwiftProtobuf.Message) async throws -> Frame {
    let sequence = try await say(type, body)
    while true {
      let frame = try await next()
      if frame.sequence == sequence { return frame }
    }
  }

  func error(_ type: FrameType, _ body: some SwiftProtobuf.Message) async throws
    -> ErrorCode
  {
    let frame = try await ask(type, body)
    try #require(frame.type == .error, "\(frame.type)")
    return DaybookError(try Daybook_V1_ErrorReply(frameBody: frame.body)).code
  }

  /// Nothing but the end comes.
  func isAtEnd() async -> Bool { await frames.next(isolation: nil) == nil }

  /// Makes a group and waits until it is live: what comes while it syncs would wait for acks.
  func makeGroup(_ group: String, number: UInt64) async throws {
    try await say(.createGroup, Requests.create(group, number: number))
    _ = try await seqs(of: "group/\(group)", through: 1)
  }

  /// Whatever was sent before was read by the server when this returns; what came meanwhile.
  func fence() async throws -> [Frame] {
    let sequence = try await say(.heartbeat, Daybook_V1_HeartbeatRequest())
    var frames: [Frame] = []
    while true {
      let frame = try await next()
      if frame.sequence == sequence { return frames }
      frames.append(frame)
    }
  }

  func send(_ text: String, to: String, number: UInt64) async throws -> Frame {
    try await ask(.send, Requests.send(text, to: to, number: number))
  }
}

enum Requests {
  static func send(
    _ text: String, to: String, number: UInt64, actingFor: String = "", at time: UInt64 = 0
  ) -> Daybook_V1_SendRequest {
    .with {
      $0.context.number = number
      $0.context.actingFor = actingFor
      $0.to = to
      $0.clientTimeMs = time
      $0.content.plain.body.append(contentsOf: text.utf8)
    }
  }

  static func join(_ group: String, number: UInt64) -> Daybook_V1_JoinRequest {
    .with {
      $0.context.number = number
      $0.group = group
    }
  }

  static func leave(_ group: String, number: UInt64) -> Daybook_V1_LeaveRequest {
    .with {
      $0.context.number = number
      $0.group = group
    }
  }

  static func create(_ group: String, number: UInt64) -> Daybook_V1_CreateGroupRequest {
    .with {
      $0.context.number = number
      $0.group = group
    }
  }

  static func command(_ number: UInt64, actingFor: String = "") -> Daybook_V1_CommandContext {
    .with {
      $0.number = number
      $0.actingFor = actingFor
    }
  }

  static func ack(_ stream: String, _ seq: UInt64) -> Daybook_V1_AckRequest {
    .with {
      $0.stream = stream
      $0.upToSeq = seq
    }
  }
}

extension MemoryDaybook {
  /// Until the gateway has handed on this many such commands.
  func commands(
    atLeast count: Int = 1, where isMeant: @Sendable (Command) -> Bool
  ) async throws -> [Command] {
    while true {
      try Task.checkCancellation()
      let found = state.withLockedValue { $0.commands.filter(isMeant) }
      if found.count >= count { return found }
      await Task.yield()
    }
  }

  func commandsNow(where isMeant: (Command) -> Bool) -> [Command] {
    state.withLockedValue { $0.commands.filter(isMeant) }
  }
}

extension Frame {
  func event() throws -> Event { try EventDecoding.decode(body) }
}

extension [Frame] {
  /// Seqs of the events among them that are of this stream.
  func seqs(of stream: String) throws -> [UInt64] {
    try filter { $0.type == .event }.map { try $0.event() }
      .filter { $0.stream.text == stream }.map(\.seq.rawValue)
  }
}

/// Threads of the whole process.
final class PoolThreads: BlockingWork {
  func run(_ work: @escaping @Sendable () -> Void) {
    NIOThreadPool.singleton.submit { _ in work() }
  }
}

extension LoopLoad {
  /// Of a loop that has nothing to do.
  static var idle: LoopLoad { LoopLoad(LoadMetrics(), loop: 0) }
}

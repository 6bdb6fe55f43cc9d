import DaybookModel
import Logging
import NIOCore
import Ports

/// A session's connection over a channel: bytes between the two, with backpressure both ways.
///
/// `@unchecked Sendable`: touched on its channel's event loop only.
final class ConnectionHandler: ChannelDuplexHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  private let home: GatewayLoop
  private let gate: ConnectionGate
  private var reads: ReadBuffer
  private var session: Session?
  private var context: ChannelHandlerContext?
  private var readIsPending = false
  private var admission = ConnectionGate.Admission.full
  /// Where it comes from, through whatever trusted proxy; and that without the port.
  private var remote: SocketAddress?
  private var address = ""
  private var isStranger = true
  let mayCompress: Bool
  /// As who is in front of it has said.
  private(set) var writtenBytesEach = 1

  init(_ home: GatewayLoop, gate: ConnectionGate, mayCompress: Bool = false) {
    self.mayCompress = mayCompress
    self.home = home
    self.gate = gate
    reads = home.strangersReads
  }

  // MARK: ChannelHandler

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { open(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    open(context)
    context.fireChannelActive()
  }

  private func open(_ context: ChannelHandlerContext) {
    guard session == nil else { return }
    let session = Session(home, self)
    self.session = session
    session.opened(refusal: knock(context))
  }

  /// A proxy's word goes before what the socket says.
  static func client(of context: ChannelHandlerContext) -> SocketAddress? {
    let proxy = try? context.pipeline.syncOperations.handler(type: ProxyHandler.self)
    return proxy?.client ?? context.channel.remoteAddress
  }

  /// Why there is no place for it, if there is none.
  private func knock(_ channelContext: ChannelHandlerContext) -> DaybookError? {
    remote = ConnectionHandler.client(of: channelContext)
    address = ClientNetwork.name(of: remote)
    let context = home.context
    if let refusal = context.addresses.knock(from: address, now: context.clock.uptime()) {
      return refusal
    }
    admission = gate.admit(from: address)
    let reason: String
    switch admission {
    case .admitted: return nil
    case .full: reason = "the server has as many connections as it can hold"
    case .crowded:
      reason = "too many connections from this address have not connected: send Connect at once"
    }
    return DaybookError(
      .overloaded, "\(reason); come again in a while",
      retryAfter: .seconds(Int64.random(in: 2...10)))
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let read = unwrapInboundIn(data)
    // Frames that wait here, and contents on their way to the log, keep what they came in.
    var bytes = context.channel.allocator.buffer(capacity: read.readableBytes)
    bytes.writeImmutableBuffer(read)
    session?.received(bytes)
    reads.giveBack(read)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    home.settle()
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    if session?.wantsBytes ?? true { context.read() } else { readIsPending = true }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    session?.writabilityChanged()
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event as? LineEvent {
    case .token(let token): session?.offered(token)
    case .fault(let fault): session?.faulted(fault)
    case .writes(let bytes): writtenBytesEach = bytes
    case nil:
      if event as? ChannelEvent == .inputClosed { session?.peerIsDone() }
      context.fireUserInboundEventTriggered(event)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if admission == .admitted { gate.left(from: address, isStranger: isStranger) }
    session?.ended()
    session = nil
    self.context = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    home.context.logger.debug("a connection failed: \(error)")
    context.close(promise: nil)
  }
}

extension ConnectionHandler: Connection {
  var network: String { address }

  var peer: String {
    remote.flatMap { ClientNetwork.text(of: $0) } ?? address
  }

  var isWritable: Bool { context?.channel.isWritable ?? true }

  /// What was said and the client's system has not taken.
  var bufferedBytes: Int {
    (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  func write(_ chunks: [ByteBuffer], then written: (() -> Void)?) {
    guard let context, let last = chunks.last else { return }
    for chunk in chunks.dropLast() { context.write(wrapOutboundOut(chunk), promise: nil) }
    var promise: EventLoopPromise<Void>?
    if let written {
      let made = context.eventLoop.makePromise(of: Void.self)
      made.futureResult.assumeIsolated().whenComplete { _ in written() }
      promise = made
    }
    context.writeAndFlush(wrapOutboundOut(last), promise: promise)
  }

  func resumeReading() {
    guard readIsPending, let context else { return }
    readIsPending = false
    context.channel.read()
  }

  func isKnown() {
    guard isStranger, let context else { return }
    isStranger = false
    gate.known(from: address)
    context.triggerUserOutboundEvent(SessionEvent.known, promise: nil)
    reads = home.reads
    // Of a channel that is open it can be set.
    try? context.channel.syncOptions?.setOption(
      .recvAllocator, value: LoopReads(reads, hasRead: true))
  }

  func ends(because reason: ErrorCode) {
    context?.triggerUserOutboundEvent(SessionEvent.ends(reason), promise: nil)
  }

  /// Closes this side and lets the other finish: a socket closed over unread bytes would take
  /// back what was just sent. For whoever was never let in no socket is kept that long.
  func hangUp() {
    guard let context else { return }
    guard admission == .admitted else { return context.close(promise: nil) }
    let closed = context.close(mode: .output)
    closed.assumeIsolated().whenFailure { _ in self.context?.close(promise: nil) }
  }

  func close() { context?.close(promise: nil) }
}

import DaybookModel
import Logging
import NIOCore
import Ports
import Requests
import WireProtocol

/// Reads and writes for one session's state machine, and runs what it asks for. Touched on its
/// channel's event loop only, but for `onLoop`, which is why it may say that it is Sendable.
final class SessionHandler: ChannelDuplexHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  let home: GatewayLoop
  var machine: SessionMachine
  var output = SessionOutput()
  private var decoder: FrameDecoder
  private(set) var channel: ChannelHandlerContext?
  private var isMarked = false
  private var readIsPending = false
  var isClosing = false
  private var waitingAtTick = 0
  /// For how long the rest of a frame has been waited for.
  private var frameTicks = 0
  var subscribed: Set<StreamKey> = []
  var registered: (UserID, DeviceID)?
  private var admission = ConnectionGate.Admission.full
  /// Where it comes from, without the port.
  private var address = ""
  /// Connected, and so no stranger any more.
  private var isKnown = false
  /// Of this session: asked and not begun; what those take that have begun, with their replies until
  /// these are written; and replies of which the last bytes are in `output`.
  var waitingQueries: CircularBuffer<(Query, UInt32)> = []
  var queryBytes = 0
  var unwritten: [QueryLease] = []
  /// Replies that are being written, and for how long none of them was.
  var unreadReplies = 0
  var unreadTicks = 0
  private var deadline: Scheduled<Void>?
  var closeDeadline: Scheduled<Void>?
  var expiry: Scheduled<Void>?

  init(_ home: GatewayLoop) {
    self.home = home
    let options = home.context.options
    decoder = FrameDecoder(
      bodyBytesMax: options.frameBytesMax, strangerFrameBytesMax: options.strangerFrameBytesMax)
    machine = SessionMachine(
      id: String(UInt64.random(in: 1...UInt64.max), radix: 16), logID: home.context.logID,
      options: options, clock: home.context.clock)
  }

  /// When the connection has ended; nil if it has.
  var closed: EventLoopFuture<Void>? { channel?.channel.closeFuture }

  /// The user, if this session follows the stream.
  func follower(of stream: StreamKey) -> UserID? { machine.follower(of: stream) }

  // MARK: inputs

  /// Gives the state machine an input; `home.settle()` then runs what follows from it.
  func input(_ body: (inout SessionMachine, inout SessionOutput) -> Void) {
    body(&machine, &output)
    mark()
  }

  /// The same from any thread.
  func onLoop(_ body: @escaping @Sendable (inout SessionMachine, inout SessionOutput) -> Void) {
    home.loop.execute {
      self.input(body)
      self.home.settle()
    }
  }

  private func mark() {
    guard !isMarked else { return }
    isMarked = true
    home.mark(self)
  }

  func tick() {
    guard channel != nil else { return }
    unreadTicks = unreadReplies == 0 ? 0 : unreadTicks + 1
    if unreadTicks >= 2, home.context.queryBudget.isContended { keepsOthersOut() }
    // Slow as it may be, it takes what it is sent.
    let waiting = waitingBytes
    let isTaking = waiting < waitingAtTick
    waitingAtTick = waiting
    input {
      if isTaking { $0.peerIsAlive() }
      $0.tick(isReading: !self.isWritable || $0.takesFrames, &$1)
    }
    checkFrame()
  }

  /// Bytes are a sign of life, but a frame may not be fed for ever, a byte at a time.
  private func checkFrame() {
    let isAwaited = decoder.pendingBytes > 0 && machine.takesFrames && isWritable
    frameTicks = isAwaited ? frameTicks + 1 : 0
    guard frameTicks > 2 * home.context.options.frameIntervalsMax else { return }
    let late = DaybookError(
      .heartbeatMissed, "a frame took too long to come; send frames as a whole")
    input { $0.closing(late, &$1) }
  }

  private var isWritable: Bool { channel?.channel.isWritable ?? true }

  /// What was said and the client's system has not taken.
  var waitingBytes: Int {
    (try? channel?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  // MARK: channel

  func handlerAdded(context: ChannelHandlerContext) {
    channel = context
    if context.channel.isActive { start(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    start(context)
    context.fireChannelActive()
  }

  private func start(_ context: ChannelHandlerContext) {
    guard deadline == nil else { return }
    home.add(self)
    knock(context)
    deadline = home.loop.scheduleTask(in: home.context.options.connectDeadline) {
      self.input { $0.connectDeadlinePassed(&$1) }
      self.home.settle()
    }
    home.settle()
  }

  private func knock(_ context: ChannelHandlerContext) {
    address = ClientNetwork.name(of: context.channel.remoteAddress)
    admission = home.context.gate.admit(from: address)
    let reason: String
    switch admission {
    case .admitted: return
    case .full: reason = "the server has as many connections as it can hold"
    case .crowded:
      reason = "too many connections from this address have not connected: send Connect at once"
    }
    input { $0.closing(DaybookError(.overloaded, "\(reason); come again in a while"), &$1) }
  }

  /// Once its Connect was accepted, a session may send as much as it likes, up to its limits.
  private func makeRoom() {
    guard !isKnown, machine.phase == .open, let channel else { return }
    isKnown = true
    decoder.strangerFrameBytesMax = nil
    home.context.gate.known(from: address)
    // Of a channel that is open these can be set.
    try? channel.channel.syncOptions?.setOption(.recvAllocator, value: ReadSizes.known)
    try? channel.channel.syncOptions?.setOption(.maxMessagesPerRead, value: 4)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A connection that is being closed is read to its end, so that what was said last arrives.
    guard !machine.isClosed else { return }
    decoder.append(unwrapInboundIn(data))
    machine.peerIsAlive()
    takeFrames()
    mark()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    home.settle()
    context.fireChannelReadComplete()
  }

  private func takeFrames() {
    // What is asked while answers wait to be read is answered when they have been.
    while machine.takesFrames, isWritable {
      do throws(FrameFault) {
        guard let frame = try decoder.next() else { break }
        frameTicks = 0
        machine.received(frame, &output)
      } catch {
        machine.faulted(error, &output)
      }
    }
  }

  /// Asked before each read: while the session takes no frames its client waits. One that does not
  /// read what it is sent is listened to for some more, for its heartbeats.
  func read(context: ChannelHandlerContext) {
    if isReading { context.read() } else { readIsPending = true }
  }

  private var isReading: Bool {
    if machine.isClosed { return true }
    guard isWritable else {
      return decoder.pendingBytes < home.context.options.unreadFramesBytesMax
    }
    return machine.takesFrames
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    mark()
    home.settle()
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event as? ChannelEvent == .inputClosed { peerIsDone(context) }
    context.fireUserInboundEventTriggered(event)
  }

  private func peerIsDone(_ context: ChannelHandlerContext) {
    guard !machine.isClosed else { return context.close(promise: nil) }
    do throws(FrameFault) {
      // Whole frames may still wait here for room; only a cut one is a fault.
      if machine.takesFrames, isWritable { try decoder.finish() }
      input { $0.disconnected(&$1) }
      isClosing = true
      home.settle()
      context.close(promise: nil)
    } catch {
      input { $0.faulted(error, &$1) }
      home.settle()
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    expiry?.cancel()
    closeDeadline?.cancel()
    if admission == .admitted {
      home.context.gate.left(from: address, isStranger: !isKnown)
    }
    input { $0.disconnected(&$1) }
    home.settle()
    channel = nil
    waitingQueries = []
    unwritten = []
    leaveTables()
    home.remove(self)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    home.context.logger.debug("a connection failed", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }

  private func leaveTables() {
    for stream in subscribed { home.unsubscribe(self, from: stream) }
    subscribed = []
    if let (user, device) = registered {
      let now = home.context.clock.now()
      home.context.presence.unregister(user, device, self, at: now)
    }
    registered = nil
    home.context.presence.unwatch(machine.watched, by: self)
  }

  // MARK: outputs

  /// Runs the actions that inputs led to, and flushes what is to be said.
  func settle() {
    isMarked = false
    makeRoom()
    repeat {
      repeat {
        while !output.actions.isEmpty {
          var actions: [SessionAction] = []
          swap(&actions, &output.actions)
          for action in actions { run(action) }
        }
        // Answers make room for frames that are here already.
        if machine.takesFrames, decoder.pendingBytes > 0 { takeFrames() }
      } while !output.actions.isEmpty
      flush()
      machine.flushed(isFull: !isWritable, &output)
    } while !output.actions.isEmpty || (channel != nil && !output.isEmpty)
    if readIsPending, isReading, let channel {
      readIsPending = false
      channel.read()
    }
  }

  private func flush() {
    guard let channel, !output.isEmpty else { return }
    let chunks = output.takeBytes()
    for chunk in chunks.dropLast() { channel.write(wrapOutboundOut(chunk), promise: nil) }
    guard let last = chunks.last else { return }
    channel.writeAndFlush(wrapOutboundOut(last), promise: promiseOfWriting(channel))
  }

  /// Nil where nothing waits for what is said to be written.
  private func promiseOfWriting(_ channel: ChannelHandlerContext) -> EventLoopPromise<Void>? {
    guard isClosing || !unwritten.isEmpty else { return nil }
    let leases = unwritten
    unwritten = []
    unreadReplies += leases.count
    let isLast = isClosing
    let promise = channel.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      self.written(leases)
      if isLast { self.hangUp() }
    }
    return promise
  }

  /// Others wait for the memory of what this one has asked for and does not read.
  private func keepsOthersOut() {
    let reason = DaybookError(
      .slowConsumer, "replies are not read, and others wait for theirs; connect again and read")
    input { $0.closing(reason, &$1) }
  }

  /// Closes this side and lets the other finish: a socket closed over unread bytes would take
  /// back what was just sent. For whoever was never let in no socket is kept that long.
  func hangUp() {
    guard let channel else { return }
    guard admission == .admitted else { return channel.close(promise: nil) }
    let closed = channel.close(mode: .output)
    closed.assumeIsolated().whenFailure { _ in self.channel?.close(promise: nil) }
  }
}

/// How much is read from a connection at a time.
enum ReadSizes {
  static let stranger = FixedSizeRecvByteBufferAllocator(capacity: 2_048)
  static let known = AdaptiveRecvByteBufferAllocator(
    minimum: 1024, initial: 8192, maximum: 65_536)
}

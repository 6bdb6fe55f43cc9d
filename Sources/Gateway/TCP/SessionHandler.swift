import DaybookModel
import NIOCore
import Ports
import WireProtocol

/// Reads and writes for one session's state machine, and runs what it asks for. Touched on its
/// channel's event loop only, but for `onLoop`, which is why it may say that it is Sendable.
final class SessionHandler: ChannelDuplexHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  let home: GatewayLoop
  private var machine: SessionMachine
  private var output = SessionOutput()
  private var decoder: FrameDecoder
  private var channel: ChannelHandlerContext?
  private var isMarked = false
  private var readIsPending = false
  private var isClosing = false
  private var unwritableTicks = 0
  private var subscribed: Set<StreamKey> = []
  private var registered: (UserID, DeviceID)?
  private var deadline: Scheduled<Void>?
  private var expiry: Scheduled<Void>?

  init(_ home: GatewayLoop) {
    self.home = home
    let options = home.context.options
    decoder = FrameDecoder(bodyBytesMax: options.frameBytesMax)
    machine = SessionMachine(
      id: String(UInt64.random(in: 1...UInt64.max), radix: 16), logID: home.context.logID,
      options: options, clock: home.context.clock)
  }

  /// When the connection has ended; nil if it has.
  var closed: EventLoopFuture<Void>? { channel?.channel.closeFuture }

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
    guard let channel else { return }
    let isWritable = channel.channel.isWritable
    unwritableTicks = isWritable ? 0 : unwritableTicks + 1
    if unwritableTicks >= 4 { tooSlow() }
    input { $0.tick(isReading: isWritable && $0.takesFrames, &$1) }
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
    deadline = home.loop.scheduleTask(in: home.context.options.connectDeadline) {
      self.input { $0.connectDeadlinePassed(&$1) }
      self.home.settle()
    }
    home.settle()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A connection that is being closed is read to its end, so that what was said last arrives.
    guard !machine.isClosed else { return }
    decoder.append(unwrapInboundIn(data))
    machine.receivedBytes()
    takeFrames()
    mark()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    home.settle()
    context.fireChannelReadComplete()
  }

  private func takeFrames() {
    while machine.takesFrames {
      do throws(FrameFault) {
        guard let frame = try decoder.next() else { break }
        machine.received(frame, &output)
      } catch {
        machine.faulted(error, &output)
      }
    }
  }

  /// Asked before each read: while the session takes no frames, nor reads what it is sent, its
  /// client waits.
  func read(context: ChannelHandlerContext) {
    if isReading { context.read() } else { readIsPending = true }
  }

  private var isReading: Bool {
    machine.isClosed || (machine.takesFrames && channel?.channel.isWritable ?? true)
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
      if machine.takesFrames { try decoder.finish() }
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
    input { $0.disconnected(&$1) }
    home.settle()
    channel = nil
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
    if let (user, device) = registered { home.context.presence.unregister(user, device, self) }
    registered = nil
    home.context.presence.unwatch(machine.watched, by: self)
  }

  // MARK: outputs

  /// Runs the actions that inputs led to, and flushes what is to be said.
  func settle() {
    isMarked = false
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
    if isClosing {
      let written = channel.eventLoop.makePromise(of: Void.self)
      written.futureResult.assumeIsolated().whenComplete { _ in self.hangUp() }
      channel.writeAndFlush(wrapOutboundOut(last), promise: written)
    } else {
      channel.writeAndFlush(wrapOutboundOut(last), promise: nil)
      if !channel.channel.isWritable { checkBacklog(channel) }
    }
  }

  private func checkBacklog(_ channel: ChannelHandlerContext) {
    let waiting = try? channel.channel.syncOptions?.getOption(.bufferedWritableBytes)
    if waiting ?? 0 > home.context.options.outboundBytesMax { tooSlow() }
  }

  /// What waits to be sent may never be: the reason is said, but not waited for.
  private func tooSlow() {
    let reason = DaybookError(
      .slowConsumer, "what is pushed is not read fast enough; connect again and read faster")
    input { $0.closing(reason, &$1) }
  }

  /// Closes this side and lets the other finish: a socket closed over unread bytes would take
  /// back what was just sent.
  private func hangUp() {
    guard let channel else { return }
    let closed = channel.close(mode: .output)
    closed.assumeIsolated().whenFailure { _ in self.channel?.close(promise: nil) }
  }

  private func run(_ action: SessionAction) {
    let context = home.context
    switch action {
    case .submit(let command, let purpose): home.submit(command, purpose, from: self)
    case .checkToken(let token): check(token)
    case .scheduleExpiry(let delay): scheduleExpiry(after: delay)
    case .query(let query, let sequence): ask(query, sequence)
    case .readPage(let stream, let from, let through): readPage(stream, from, through)
    case .subscribe(let stream):
      if subscribed.insert(stream).inserted { home.subscribe(self, to: stream) }
    case .unsubscribe(let stream):
      if subscribed.remove(stream) != nil { home.unsubscribe(self, from: stream) }
    case .register(let user, let device):
      guard channel != nil else { return }
      registered = (user, device)
      let older = context.presence.register(user, device, self)
      older?.onLoop {
        $0.closing(
          DaybookError(.sessionReplaced, "this device has connected again elsewhere"), &$1)
      }
    case .online(let users, let watch, let sequence):
      let known = context.presence.online(users, watchedBy: watch ? self : nil)
      machine.onlineKnown(known, sequence: sequence, &output)
    case .typing(let user, let stream): typing(user, stream)
    case .scheduleAcks: home.scheduleAcks(of: self)
    case .close:
      isClosing = true
      // However slow the other side is to read what was said last, or to close.
      home.loop.scheduleTask(in: .seconds(2)) { self.channel?.close(promise: nil) }
      // What no flush follows is closed at once.
      if output.isEmpty { hangUp() }
    }
  }

  private func scheduleExpiry(after delay: Duration) {
    guard channel != nil else { return }
    expiry = home.loop.scheduleTask(in: TimeAmount(delay)) {
      self.input { $0.expiryDue(&$1) }
      self.home.settle()
    }
  }

  private func typing(_ user: UserID, _ stream: StreamKey) {
    if let receiver = stream.userID {
      for session in home.context.presence.sessions(of: receiver) {
        session.onLoop { $0.typingSeen(user, to: stream, &$1) }
      }
    } else {
      for loop in home.context.loops {
        loop.loop.execute { loop.typing(user, to: stream) }
      }
    }
  }

  // MARK: what is not of the hot path

  private func check(_ token: String) {
    let tokens = home.context.tokens
    Task {
      let result: Result<CheckedToken, DaybookError>
      do throws(DaybookError) {
        result = .success(try await tokens.check(token))
      } catch {
        result = .failure(error)
      }
      self.onLoop { $0.tokenChecked(result, &$1) }
    }
  }

  private func ask(_ query: SessionQuery, _ sequence: UInt32) {
    let runner = QueryRunner(queries: home.context.queries)
    Task {
      let result = await SessionHandler.result { try await runner.run(query) }
      self.onLoop { $0.queryAnswered(query.replyType, sequence: sequence, result, &$1) }
    }
  }

  private func readPage(_ stream: StreamKey, _ from: Seq, _ through: Seq) {
    let queries = home.context.queries
    Task {
      let result = await SessionHandler.result {
        try await queries.events(
          of: stream, from: from, through: through, limit: Limits.pageEventsMax,
          bytesMax: Limits.pageBytesMax)
      }
      self.onLoop { $0.pageRead(stream, result, &$1) }
    }
  }

  private static func result<T>(
    _ body: () async throws -> T
  ) async -> Result<T, DaybookError> {
    do {
      return .success(try await body())
    } catch let error as DaybookError {
      return .failure(error)
    } catch {
      return .failure(
        DaybookError(.storageFailed, "the read side failed; try again", cause: error))
    }
  }
}

extension SessionQuery {
  fileprivate var replyType: FrameType {
    switch self {
    case .fetch: .fetch.reply
    case .history: .history.reply
    case .unread: .unread.reply
    case .members: .members.reply
    }
  }
}

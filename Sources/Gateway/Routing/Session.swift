import DaybookModel
import Logging
import Metrics
import NIOCore
import Ports
import Requests
import WireProtocol

/// One session: a state machine between a connection and the rest of the gateway. It gives the
/// machine what comes, runs what the machine asks for, and writes what it says. The connection may be
/// a socket or simulated.
///
/// `@unchecked Sendable`: touched on its home's loop only, but for `onLoop`.
final class Session: @unchecked Sendable {
  /// What it has to say waits for the end of a tick, for more, up to so many bytes.
  private static let gatheredBytesMax = 16_384

  let home: GatewayLoop
  let handle: SessionHandle
  var machine: SessionMachine
  var output: SessionOutput
  private var decoder: FrameDecoder
  /// Nil once it has ended.
  private(set) var connection: (any Connection)?
  private var isMarked = false
  private var isWriting = false
  private let largeFrame: LargeFrameRoom
  var isClosing = false
  private var waitingAtTick = 0
  /// For how long the rest of a frame has been waited for.
  private var frameTicks = 0
  var subscribed: Set<StreamKey> = []
  var registered: (UserID, DeviceID)?
  /// Who it is, once it has connected and so is no stranger any more.
  private var known: Requester?
  /// The server has said why it ends.
  private var isToldOf = false
  /// The client has been told that frames are compressed from now on.
  private var isDeflating = false
  /// What it has sent, where that is limited, and whether it has sent too much to be read from now.
  private var quota: TokenBucket?
  private var isHeldUp = false
  /// Asked and not begun; what those take that have begun, with their replies until these are written;
  /// and replies of which the last bytes are in `output`.
  var waitingQueries: [(Query, UInt32)] = []
  var queryBytes = 0
  var unwritten: [QueryLease] = []
  /// Replies that are being written, and for how long none of them was.
  var unreadReplies = 0
  var unreadTicks = 0
  private var closeDeadline: Scheduled<Void>?
  var expiry: Scheduled<Void>?

  init(_ home: GatewayLoop, _ connection: any Connection) {
    self.home = home
    self.connection = connection
    let context = home.context
    handle = SessionHandle(number: context.nextSessionNumber(), home: home)
    let options = context.options
    output = SessionOutput(bytesMax: options.outboundBytesMax)
    largeFrame = LargeFrameRoom(context.largeFrames, home.loop, from: options.inboundBytesMax)
    decoder = FrameDecoder(
      bodyBytesMax: options.frameBytesMax, strangerFrameBytesMax: options.strangerFrameBytesMax)
    machine = SessionMachine(
      id: context.sessionID(handle.number), context.sessionSettings, load: home.load,
      mayCompress: connection.mayCompress)
  }

  /// What it has in memory of what it is sent and sends, queries and their replies apart.
  var heldBytes: Int {
    let sent = output.byteCount + (connection?.bufferedBytes ?? 0)
    return sent + decoder.pendingBytes + machine.commandBytes
  }

  /// The user, if this session follows the stream.
  func follower(of stream: StreamKey) -> UserID? { machine.follower(of: stream) }

  // MARK: inputs

  /// Gives the state machine an input; `home.settle()` then runs what follows from it.
  func input(_ body: (inout SessionMachine, inout SessionOutput) -> Void) {
    body(&machine, &output)
    if output.byteCount >= Session.gatheredBytesMax { home.hasMuchToSay = true }
    mark()
  }

  /// The same from any thread.
  func onLoop(_ body: @escaping @Sendable (inout SessionMachine, inout SessionOutput) -> Void) {
    home.loop.execute { [self, home] in
      input(body)
      home.settle()
    }
  }

  private func mark() {
    guard !isMarked else { return }
    isMarked = true
    home.mark(self)
  }

  /// Something that another session, or its user's mailbox, has brought about.
  func take(_ news: SessionNews) {
    switch news {
    case .replaced:
      let replaced = DaybookError(
        .sessionReplaced, "this device has connected again elsewhere")
      input { $0.closing(replaced, &$1) }
    case .displaced(let other): input { $0.closing(Session.displaced(by: other), &$1) }
    case .presence(let presence): input { $0.presenceChanged(presence, &$1) }
    case .watchEnded(let user): input { $0.watchEnded(user, &$1) }
    case .typing(let user, let stream): input { $0.typingSeen(user, to: stream, &$1) }
    case .transient(let event, let stream): input { $0.transientSent(event, in: stream, &$1) }
    }
  }

  private static func displaced(by other: ConnectingDevice) -> DaybookError {
    let kind = other.deviceClass.map { " (\($0))" } ?? ""
    return DaybookError(
      .deviceDisplaced,
      "your device \(other.device)\(kind) has connected, and this server lets only one of the two be there"
    )
  }

  func tick() {
    guard connection != nil else { return }
    unreadTicks = unreadReplies == 0 ? 0 : unreadTicks + 1
    if unreadTicks >= 2, home.context.queryBudget.isContended { keepsOthersOut() }
    // Slow as it may be, it takes what it is sent.
    let waiting = connection?.bufferedBytes ?? 0
    let isTaking = waiting < waitingAtTick
    waitingAtTick = waiting
    let isHeldUp = isHeldUp || largeFrame.isWaiting || isPaced
    input {
      if isTaking { $0.peerIsAlive() }
      let isReading = !isHeldUp && (!self.isWritable || $0.takesFrames)
      $0.tick(isReading: isReading, &$1)
    }
    checkFrame()
  }

  /// Bytes are a sign of life, but a frame may not be fed for ever, a byte at a time.
  private func checkFrame() {
    let isAwaited =
      decoder.pendingBytes > 0 && takesFrames && isWritable && !isHeldUp
      && !largeFrame.isWaiting
    frameTicks = isAwaited ? frameTicks + 1 : 0
    guard frameTicks > 2 * home.context.options.frameIntervalsMax else { return }
    let late = DaybookError(
      .heartbeatMissed, "a frame took too long to come; send frames as a whole")
    input { $0.closing(late, &$1) }
  }

  private var isWritable: Bool { connection?.isWritable ?? true }

  /// A service, which brings very many commands, is not refused any while there is too much to do: it is read no
  /// further, until those that it has are done.
  private var takesFrames: Bool { machine.takesFrames && !isPaced }

  private var isPaced: Bool {
    known?.service != nil && home.load.isHigh && machine.commandBytes > 0
  }

  // MARK: the connection

  /// It is open. With `refusal` there is no place for it: it is told so and closed.
  func opened(refusal: DaybookError?) {
    home.add(self)
    home.context.metrics.connections.increment()
    if let refusal { input { $0.closing(refusal, &$1) } }
    home.awaitConnect(of: self)
    home.settle()
  }

  /// Bytes have come; `home.settle()` then answers them.
  func received(_ bytes: ByteBuffer) {
    // A connection that is being closed is read to its end, so that what was said last arrives.
    guard !machine.isClosed else { return }
    home.traffic.bytesReceived += bytes.readableBytes
    meter(bytes.readableBytes)
    decoder.append(bytes)
    machine.peerIsAlive()
    takeFrames()
    makeRoomForFrame()
    mark()
  }

  /// For what is at the front and was not taken, or has not come as a whole.
  private func makeRoomForFrame() {
    let bytes = decoder.frontBytes
    guard largeFrame.isConcerned(by: bytes) else { return }
    largeFrame.takes(bytes) { [self, home] in
      mark()
      home.settle()
    }
  }

  /// Who sends more than is allowed is not read from for a while: its system keeps the rest. A service
  /// brings what its operator wants.
  private func meter(_ count: Int) {
    guard let rate = home.bytesRate, known?.service == nil else { return }
    let now = home.context.clock.uptime()
    var bucket = quota ?? TokenBucket(rate, now: now)
    let wait = bucket.charge(rate, Double(count), now: now)
    quota = bucket
    guard let wait, !isHeldUp else { return }
    isHeldUp = true
    home.loop.scheduleTask(in: TimeAmount(wait)) { [self, home] in
      isHeldUp = false
      mark()
      home.settle()
    }
  }

  /// The line has brought a token, for a Connect that has none.
  func offered(_ token: String) { machine.offered(token) }

  /// What has come on the line is no frame.
  func faulted(_ fault: FrameFault) {
    input { $0.faulted(fault, &$1) }
    home.settle()
  }

  private func takeFrames() {
    var frames = 0
    defer { home.traffic.framesReceived += frames }
    // What is asked while answers wait to be read is answered when they have been.
    while takesFrames, isWritable {
      do throws(FrameFault) {
        guard let frame = try decoder.next() else { break }
        frameTicks = 0
        frames += 1
        machine.received(frame, &output)
      } catch {
        machine.faulted(error, &output)
      }
    }
  }

  /// Asked before each read: while the session takes no frames its client waits. One that does not
  /// read what it is sent is listened to for some more, for its heartbeats.
  var wantsBytes: Bool {
    if machine.isClosed { return true }
    if isHeldUp || largeFrame.isWaiting { return false }
    guard isWritable else {
      let waiting = decoder.pendingBytes + machine.commandBytes
      return waiting < home.context.options.inboundBytesMax
    }
    return takesFrames
  }

  func writabilityChanged() {
    // Whoever writes looks by itself.
    guard !isWriting else { return }
    mark()
    home.settle()
  }

  /// The other side will say no more.
  func peerIsDone() {
    guard !machine.isClosed else { return connection?.close() ?? () }
    do throws(FrameFault) {
      // Whole frames may still wait here for room; only a cut one is a fault.
      if takesFrames, isWritable { try decoder.finish() }
      input { $0.disconnected(&$1) }
      isClosing = true
      home.settle()
      connection?.close()
    } catch {
      input { $0.faulted(error, &$1) }
      home.settle()
    }
  }

  /// The connection is gone.
  func ended() {
    expiry?.cancel()
    closeDeadline?.cancel()
    input { $0.disconnected(&$1) }
    home.settle()
    if connection != nil {
      home.context.metrics.connections.decrement()
      if let known {
        home.context.metrics.sessions.decrement()
        if !isToldOf { home.context.sessionLog.ended(known, because: nil, facts) }
      }
    }
    connection = nil
    waitingQueries = []
    unwritten = []
    largeFrame.end()
    leaveTables()
    home.remove(self)
  }

  private func leaveTables() {
    for stream in subscribed { home.unsubscribe(self, from: stream) }
    subscribed = []
    let registry = home.context.registry
    if let (user, device) = registered {
      registry.unregister(handle, of: user, device, at: home.context.clock.now())
    }
    registered = nil
    registry.unwatch(machine.watched, by: handle)
  }

  // MARK: outputs

  /// Runs the actions that inputs led to, and flushes what is to be said.
  func settle() {
    isMarked = false
    repeat {
      repeat {
        while !output.actions.isEmpty {
          var actions: [SessionAction] = []
          swap(&actions, &output.actions)
          for action in actions { run(action) }
        }
        makeRoom()
        // Answers make room for frames that are here already.
        if takesFrames, decoder.pendingBytes > 0 {
          takeFrames()
          makeRoomForFrame()
        }
      } while !output.actions.isEmpty
      flush()
      machine.flushed(isFull: !isWritable, &output)
    } while !output.actions.isEmpty || (connection != nil && !output.isEmpty)
    if wantsBytes { connection?.resumeReading() }
  }

  /// Once its Connect was accepted, a session may send as much as it likes, up to its limits.
  private func makeRoom() {
    guard known == nil, let requester = machine.requester, let connection else { return }
    known = requester
    home.context.metrics.sessions.increment()
    home.context.sessionLog.opened(requester, facts)
    decoder.strangerFrameBytesMax = nil
    connection.isKnown()
    output.bytesMax = home.context.options.outboundBytesMax / connection.writtenBytesEach
  }

  private func flush() {
    if let reason = output.ending {
      home.context.metrics.ended(reason.code)
      output.ending = nil
      tell(reason)
    }
    guard let connection, !output.isEmpty else { return }
    home.traffic.framesSent += output.frameCount
    home.traffic.pushes += output.pushCount
    var chunks = output.takeBytes()
    if isDeflating { chunks = FrameCompression.deflate(chunks) }
    // From the reply on that says so.
    isDeflating = machine.deflates
    home.traffic.bytesSent += chunks.reduce(0) { $0 + $1.readableBytes }
    isWriting = true
    connection.write(chunks, then: afterWriting())
    isWriting = false
  }

  private func tell(_ reason: DaybookError) {
    isToldOf = true
    connection?.ends(because: reason.code)
    if let known {
      home.context.sessionLog.ended(known, because: reason, facts)
    } else {
      home.context.sessionLog.refused(reason, facts)
      if [.invalidToken, .foreignToken].contains(reason.code) { tokenFailed() }
    }
  }

  private func tokenFailed() {
    let context = home.context
    guard let network = connection?.network, !network.isEmpty,
      context.addresses.tokenFailed(from: network, now: context.clock.uptime())
    else { return }
    context.logger.warning(
      "\(network) is refused for a while: too many of its tokens were no good",
      metadata: ["address": "\(network)"])
  }

  /// Of a command that states a trace id. `failure`: what it was refused with.
  func logCommand(_ traceID: TraceID, _ failure: DaybookError?, took: TimeAmount) {
    home.context.sessionLog.command(failure, took: took, traceID: traceID, facts)
  }

  /// What each line of the log has of this session.
  private var facts: Logger.Metadata {
    var facts: Logger.Metadata = ["session": "\(machine.id)"]
    if let address = connection?.peer, !address.isEmpty { facts["address"] = "\(address)" }
    if let user = known?.user { facts["user"] = "\(user)" }
    if let device = known?.device { facts["device"] = "\(device)" }
    if let service = known?.service { facts["service"] = "\(service)" }
    return facts
  }

  /// Nil where nothing waits for what is said to be written.
  private func afterWriting() -> (() -> Void)? {
    guard isClosing || !unwritten.isEmpty else { return nil }
    let leases = unwritten
    unwritten = []
    unreadReplies += leases.count
    let isLast = isClosing
    return { [self] in
      written(leases)
      if isLast { connection?.hangUp() }
    }
  }

  /// Others wait for the memory of what this one has asked for and does not read.
  private func keepsOthersOut() {
    let reason = DaybookError(
      .slowConsumer, "replies are not read, and others wait for theirs; connect again and read")
    input { $0.closing(reason, &$1) }
  }

  /// After what was written has been flushed.
  func close() {
    isClosing = true
    // However slow the other side is to read what was said last, or to close.
    closeDeadline = home.loop.scheduleTask(in: .seconds(2)) { [self] in connection?.close() }
    // What no flush follows is closed at once.
    if output.isEmpty { connection?.hangUp() }
  }
}

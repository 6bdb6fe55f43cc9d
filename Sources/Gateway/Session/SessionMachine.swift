import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// One connection, from its first byte to its last, without any I/O: inputs are methods, what
/// follows from them goes into a `SessionOutput`.
struct SessionMachine {
  enum Phase { case awaitingConnect, checkingToken, open, closed }

  let id: String
  let logID: String
  let options: GatewayOptions
  let clock: any WallClock

  private(set) var phase = Phase.awaitingConnect
  var principal: Principal?
  private var expiresAt = Timestamp.none
  var origin: Origin?
  /// The highest message id that this session was sent: answers to its commands are above it.
  var observed = MessageID.none
  var following: [StreamKey: StreamFollowing] = [:]
  /// Groups that wait until what is syncing has caught up.
  var toFollow: [StreamKey] = []
  var syncing: StreamKey?
  var saidCaughtUp = false
  var acksAreScheduled = false
  /// With a pending ack, in the order they came to it.
  var ackedStreams: [StreamKey] = []
  var pendingAcks: [StreamKey: PendingAck] = [:]
  /// Streams that were followed and have ended, and how far each was acked: the device may still
  /// ack their last events.
  var ended: [StreamKey: Seq] = [:]
  var inFlight = 0
  var queriesInFlight = 0
  var watched: Set<UserID> = []
  var typed = 0
  var connectReply: Daybook_V1_ConnectReply?
  private var connectSequence: UInt32 = 0
  private var lastSequence: UInt32 = 0
  private var heard = true
  private var silentTicks = 0

  init(id: String, logID: String, options: GatewayOptions, clock: any WallClock) {
    self.id = id
    self.logID = logID
    self.options = options
    self.clock = clock
  }

  var isClosed: Bool { phase == .closed }

  /// Frames wait while the token is looked at, until Connect is answered, and while too much is
  /// unanswered.
  var takesFrames: Bool {
    switch phase {
    case .awaitingConnect: true
    case .open: connectReply == nil && inFlight < options.inFlightMax
    case .checkingToken, .closed: false
    }
  }

  var user: UserID? {
    if case .device(let user, _) = principal { user } else { nil }
  }

  var device: DeviceID? {
    if case .device(_, let device) = principal { device } else { nil }
  }

  var service: ServiceID? {
    if case .service(let service) = principal { service } else { nil }
  }

  // MARK: frames

  mutating func received(_ frame: Frame, _ output: inout SessionOutput) {
    guard phase != .closed else { return }
    heard = true
    // Sequences rise, so that an answer can't be taken for another request's.
    guard frame.sequence > lastSequence else {
      let fault = DaybookError(
        .outOfOrderFrame,
        "sequence \(frame.sequence) after \(lastSequence): sequences begin at 1 and rise")
      return fail(fault, sequence: frame.sequence, &output)
    }
    lastSequence = frame.sequence
    if phase == .open {
      do throws(DaybookError) {
        try request(frame, &output)
      } catch {
        refuse(error, sequence: frame.sequence, &output)
      }
    } else {
      connect(frame, &output)
    }
  }

  /// The bytes are no frames: nothing behind them can be trusted.
  mutating func faulted(_ fault: FrameFault, _ output: inout SessionOutput) {
    fail(fault.error, sequence: fault.sequence, &output)
  }

  private mutating func request(
    _ frame: Frame, _ output: inout SessionOutput
  ) throws(DaybookError) {
    switch frame.type {
    case .send: try send(frame, &output)
    case .ack: try ack(frame, &output)
    case .heartbeat:
      output.write(
        .heartbeat.reply, sequence: frame.sequence,
        Daybook_V1_HeartbeatReply.with { $0.serverTimeMs = clock.now().milliseconds })
    case .disconnect:
      flushAcks(&output)
      output.write(.disconnect.reply, sequence: frame.sequence, Daybook_V1_DisconnectReply())
      close(&output)
    case .read: try read(frame, &output)
    case .createGroup: try createGroup(frame, &output)
    case .join: try join(frame, &output)
    case .leave: try leave(frame, &output)
    case .typing: try typing(frame, &output)
    case .fetch: try fetch(frame, &output)
    case .history: try history(frame, &output)
    case .unread: try unread(frame, &output)
    case .online: try online(frame, &output)
    case .members: try members(frame, &output)
    case .connect:
      throw DaybookError(.outOfOrderFrame, "this connection has its session: connect once")
    default:
      throw DaybookError(
        .unknownRequestType, "this server knows no request of type \(frame.type.rawValue)")
    }
  }

  /// The request failed. The session goes on, unless what it was tells of a client that has lost
  /// its place.
  private mutating func refuse(
    _ error: DaybookError, sequence: UInt32, _ output: inout SessionOutput
  ) {
    if error.code == .outOfOrderFrame {
      fail(error, sequence: sequence, &output)
    } else {
      output.error(error, sequence: sequence)
    }
  }

  // MARK: connect

  private mutating func connect(_ frame: Frame, _ output: inout SessionOutput) {
    guard phase == .awaitingConnect, frame.type == .connect else {
      let fault = DaybookError(.outOfOrderFrame, "the first frame must be a Connect")
      return fail(fault, sequence: frame.sequence, &output)
    }
    do throws(DaybookError) {
      let request = try Daybook_V1_ConnectRequest(frameBody: frame.body)
      origin = try CommandContext.origin(of: request.origin)
      connectSequence = frame.sequence
      phase = .checkingToken
      output.actions.append(.checkToken(request.token))
    } catch {
      fail(error, sequence: frame.sequence, &output)
    }
  }

  mutating func tokenChecked(
    _ result: Result<CheckedToken, DaybookError>, _ output: inout SessionOutput
  ) {
    guard phase == .checkingToken else { return }
    switch result {
    case .failure(let error): fail(error, sequence: connectSequence, &output)
    case .success(let token):
      let principal = token.principal
      self.principal = principal
      expiresAt = token.expiresAt
      phase = .open
      connectReply = makeConnectReply()
      output.actions.append(.scheduleExpiry(after: untilExpiry))
      switch principal {
      case .service: sayConnected(resumed: false, &output)
      case .device(let user, let device):
        output.actions.append(.register(user, device))
        // The reply says whether the device was known, which its mailbox tells.
        open(.user(user), &output)
      }
    }
  }

  private func makeConnectReply() -> Daybook_V1_ConnectReply {
    .with {
      $0.serverTimeMs = clock.now().milliseconds
      $0.heartbeatIntervalMs = UInt32(options.heartbeatInterval.nanoseconds / 1_000_000)
      $0.limits = .with {
        $0.contentBytesMax = UInt32(Limits.contentBytesMax)
        $0.frameBytesMax = UInt32(options.frameBytesMax)
        $0.inFlightMax = UInt32(options.inFlightMax)
        $0.originWindow = UInt32(Limits.originWindow)
        $0.pageEventsMax = UInt32(Limits.pageEventsMax)
      }
      $0.session = id
      $0.user = user?.text ?? ""
      $0.device = device?.text ?? ""
      $0.service = service?.text ?? ""
      $0.logID = logID
      $0.durability = .synced
    }
  }

  mutating func sayConnected(resumed: Bool, _ output: inout SessionOutput) {
    guard var reply = connectReply else { return }
    connectReply = nil
    reply.resumed = resumed
    output.write(.connect.reply, sequence: connectSequence, reply)
  }

  /// The mailbox can't be opened: there is no session.
  mutating func connectFailed(_ error: DaybookError, _ output: inout SessionOutput) {
    fail(error, sequence: connectSequence, &output)
  }

  // MARK: ends

  mutating func connectDeadlinePassed(_ output: inout SessionOutput) {
    guard phase == .awaitingConnect || phase == .checkingToken else { return }
    let late = DaybookError(
      .connectDeadline, "no Connect came in time; open the connection and connect at once")
    closing(late, &output)
  }

  /// The session ends with its token. Wall clocks are set: whether it is time is asked again.
  mutating func expiryDue(_ output: inout SessionOutput) {
    guard phase == .open else { return }
    guard untilExpiry == .zero else {
      return output.actions.append(.scheduleExpiry(after: untilExpiry))
    }
    closing(DaybookError(.expiredToken, "the token has expired: connect with a new one"), &output)
  }

  /// At most an hour at a time, for the same reason.
  private var untilExpiry: Duration {
    let now = clock.now()
    guard expiresAt > now else { return .zero }
    return .milliseconds(min(3_600_000, expiresAt.milliseconds - now.milliseconds))
  }

  /// Called twice in each heartbeat interval. `isReading` is false while the gateway itself keeps
  /// the client's frames waiting, which is then no silence.
  mutating func tick(isReading: Bool, _ output: inout SessionOutput) {
    guard phase == .open else { return }
    typed = 0
    silentTicks = heard || !isReading ? 0 : silentTicks + 1
    heard = false
    guard silentTicks >= 4 else { return }
    closing(
      DaybookError(
        .heartbeatMissed, "nothing came for twice the heartbeat interval; send heartbeats"),
      &output)
  }

  /// Bytes of a frame that isn't whole yet are a sign of life too.
  mutating func receivedBytes() { heard = true }

  /// Ends the session for a reason that no request gave.
  mutating func closing(_ error: DaybookError, _ output: inout SessionOutput) {
    guard phase != .closed else { return }
    flushAcks(&output)
    output.write(.closing, Daybook_V1_Closing.with { $0.error = error.errorReply })
    close(&output)
  }

  /// Answers a request whose fault ends the connection.
  private mutating func fail(
    _ error: DaybookError, sequence: UInt32, _ output: inout SessionOutput
  ) {
    guard phase != .closed else { return }
    flushAcks(&output)
    output.error(error, sequence: sequence)
    close(&output)
  }

  /// The peer is gone; acks that wait are still worth handing on.
  mutating func disconnected(_ output: inout SessionOutput) {
    guard phase != .closed else { return }
    flushAcks(&output)
    phase = .closed
  }

  private mutating func close(_ output: inout SessionOutput) {
    phase = .closed
    output.actions.append(.close)
  }
}

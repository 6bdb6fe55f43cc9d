import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf
import WireProtocol

/// One connection, from its first byte to its last, without any I/O: inputs are methods, what
/// follows from them goes into a `SessionOutput`. Never copied: it holds some thirty values, and is
/// asked several things for each frame and each pushed event.
struct SessionMachine: ~Copyable {
  enum Phase { case awaitingConnect, checkingToken, open, closed }

  let id: String
  let logID: String
  let options: GatewayOptions
  let clock: any WallClock

  var phase = Phase.awaitingConnect
  var principal: Principal?
  /// Whom the session itself acts as.
  var actor = Actor.none
  var expiresAt = Timestamp.none
  var origin: Origin?
  /// Name and version of the client's program.
  var client = ""
  /// The highest message id that this session was sent: answers to its commands are above it.
  var observed = MessageID.none
  /// The log knows of this session, and not of its end.
  var isAnnounced = false
  /// Which one the device is to its mailbox: groups that know another one are followed afresh.
  var registration = Seq.none
  /// Whom the user has blocked.
  var blocked: Set<UserID> = []
  /// Events that change the session itself and came while its mailbox was being opened.
  var earlyNews: [(Seq, MailboxNews)] = []
  var following: [StreamKey: StreamFollowing] = [:]
  /// Groups that wait until what is syncing has caught up.
  var toFollow: [StreamKey] = []
  var syncing: StreamKey?
  var saidCaughtUp = false
  var flow = PushFlow()
  var acksAreScheduled = false
  /// With a pending ack, in the order they came to it.
  var ackedStreams: [StreamKey] = []
  var pendingAcks: [StreamKey: PendingAck] = [:]
  /// Streams that were followed and have ended, and how far each was acked: the device may still
  /// ack their last events.
  var ended: [StreamKey: Seq] = [:]
  var inFlight = 0
  /// The command whose message is being looked for.
  var unresolved: UnresolvedCommand?
  /// Commands that were turned away before their owner, who keeps their order, knew of them.
  var heldBack = HeldBack()
  var queriesInFlight = 0
  var watched: Set<UserID> = []
  /// By their requests' sequences.
  var onlineChecks: [UInt32: OnlineCheck] = [:]
  var typed = 0
  var connectReply: Daybook_V1_ConnectReply?
  var connectSequence: UInt32 = 0
  private var lastSequence: UInt32 = 0
  var heard = true
  var silentTicks = 0

  init(id: String, logID: String, options: GatewayOptions, clock: any WallClock) {
    self.id = id
    self.logID = logID
    self.options = options
    self.clock = clock
  }

  var isClosed: Bool { phase == .closed }

  /// Frames wait while the token is looked at, until Connect is answered, while a command waits
  /// for the message that it is about, so that none overtakes it, and while too much is unanswered.
  var takesFrames: Bool {
    switch phase {
    case .awaitingConnect: true
    case .open: connectReply == nil && unresolved == nil && inFlight < options.inFlightMax
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
      _ = try Daybook_V1_HeartbeatRequest(frameBody: frame.body)
      output.write(
        .heartbeat.reply, sequence: frame.sequence,
        Daybook_V1_HeartbeatReply.with { $0.serverTimeMs = clock.now().milliseconds })
    case .disconnect:
      _ = try Daybook_V1_DisconnectRequest(frameBody: frame.body)
      flushAcks(&output)
      output.write(.disconnect.reply, sequence: frame.sequence, Daybook_V1_DisconnectReply())
      close(reason: "", &output)
    case .typing: try typing(frame, &output)
    case .connect:
      throw DaybookError(.outOfOrderFrame, "this connection has its session: connect once")
    default:
      if FrameType.commands.contains(frame.type) { return try command(frame, &output) }
      try query(frame, &output)
    }
  }

  private mutating func command(
    _ frame: Frame, _ output: inout SessionOutput
  ) throws(DaybookError) {
    switch frame.type {
    case .recall: try recall(frame, &output)
    case .edit: try edit(frame, &output)
    case .react: try react(frame, &output)
    case .forward: try forward(frame, &output)
    case .read: try read(frame, &output)
    case .clear: try clear(frame, &output)
    case .createGroup: try createGroup(frame, &output)
    case .changeGroup: try changeGroup(frame, &output)
    case .join: try join(frame, &output)
    case .leave: try leave(frame, &output)
    case .invite: try invite(frame, &output)
    case .remove: try remove(frame, &output)
    case .admit: try admit(frame, &output)
    case .refuse: try refuseMember(frame, &output)
    case .changeRole: try changeRole(frame, &output)
    case .silence: try silence(frame, &output)
    case .dissolve: try dissolve(frame, &output)
    case .block: try block(frame, &output)
    case .mark: try mark(frame, &output)
    case .forgetDevice: try forgetDevice(frame, &output)
    default: throw SessionMachine.unknown(frame.type)
    }
  }

  private mutating func query(
    _ frame: Frame, _ output: inout SessionOutput
  ) throws(DaybookError) {
    switch frame.type {
    case .fetch: try fetch(frame, &output)
    case .history: try history(frame, &output)
    case .unread: try unread(frame, &output)
    case .online: try online(frame, &output)
    case .members: try members(frame, &output)
    case .receipts: try receipts(frame, &output)
    case .devices: try devices(frame, &output)
    case .group: try group(frame, &output)
    case .conversations: try conversations(frame, &output)
    case .blocked: try blockedUsers(frame, &output)
    default: throw SessionMachine.unknown(frame.type)
    }
  }

  private static func unknown(_ type: FrameType) -> DaybookError {
    DaybookError(.unknownRequestType, "this server knows no request of type \(type.rawValue)")
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
}

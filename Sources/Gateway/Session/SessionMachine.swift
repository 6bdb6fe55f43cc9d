import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
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
  /// Who it is, once that is known.
  var requester: Requester?
  /// Of commands that state none, as Connect has said.
  var origin: Origin?
  /// Name and version of the client's program.
  var client = ""
  /// The log knows of this session, and not of its end.
  var isAnnounced = false
  /// Which one the device is to its mailbox: groups that know another one are followed afresh.
  var registration = Seq.none
  /// Events that change the session itself and came while its mailbox was being opened.
  var earlyNews: [(Seq, MailboxNews)] = []
  var syncing: Syncing?
  var acks = AckGathering()
  var commands: CommandFlow
  var queries: QueryFlow
  var presence: PresenceFlow?
  var connectReply: Daybook_V1_ConnectReply?
  var connectSequence: UInt32 = 0
  private var lastSequence: UInt32 = 0
  var liveness = Liveness(expiresAt: .none)

  init(id: String, logID: String, options: GatewayOptions, clock: any WallClock) {
    self.id = id
    self.logID = logID
    self.options = options
    self.clock = clock
    commands = CommandFlow(inFlightMax: options.inFlightMax)
    queries = QueryFlow(inFlightMax: options.queriesInFlightMax)
  }

  var isClosed: Bool { phase == .closed }

  /// Frames wait while the token is looked at, until Connect is answered, and for commands.
  var takesFrames: Bool {
    switch phase {
    case .awaitingConnect: true
    case .open: connectReply == nil && commands.takesFrames
    case .checkingToken, .closed: false
    }
  }

  /// Whose presence is told.
  var watched: Set<UserID> { presence?.watched ?? [] }

  var user: UserID? { requester?.user }
  var device: DeviceID? { requester?.device }
  var service: ServiceID? { requester?.service }
  /// Whom the session itself acts as.
  var actor: Actor { requester?.actor ?? .none }

  func connected() throws(DaybookError) -> Requester {
    guard let requester else { throw DaybookError(.outOfOrderFrame, "connect first") }
    return requester
  }

  // MARK: frames

  mutating func received(_ frame: Frame, _ output: inout SessionOutput) {
    guard phase != .closed else { return }
    liveness.peerIsAlive()
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
    case .send: try command(frame, &output)
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

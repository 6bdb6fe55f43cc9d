import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// One connection, from its first byte to its last, without any I/O: inputs are methods, what
/// follows from them goes into a `SessionOutput`. It knows how a session begins and every way in which
/// it ends; what happens between is `OpenSession`.
struct SessionMachine: ~Copyable {
  private enum Phase {
    /// For a Connect without a token: the one that the line has brought.
    case awaitingConnect(token: String)
    case checking(Connecting)
    case opening(OpenSession, Opening)
    case open(OpenSession)
    /// Whom it watched until then is still to be told to the registry.
    case closed(watched: Set<UserID>)
  }

  let id: String
  private let settings: SessionSettings
  /// What is said on the line may be compressed.
  private let mayCompress: Bool
  private let load: LoopLoad
  private var phase = Phase.awaitingConnect(token: "")
  private var lastSequence: UInt32 = 0
  /// The session ends with this once all that was asked of it is answered; until then nothing more is
  /// taken of it.
  private var drain: DaybookError?

  init(
    id: String, _ settings: SessionSettings, load: LoopLoad, mayCompress: Bool = false
  ) {
    self.id = id
    self.load = load
    self.mayCompress = mayCompress
    self.settings = settings
  }

  private var session: OpenSession? {
    switch phase {
    case .opening(let session, _), .open(let session): session
    case .awaitingConnect, .checking, .closed: nil
    }
  }

  var isClosed: Bool { if case .closed = phase { true } else { false } }

  /// Who it is, once its Connect was accepted and until it ends.
  var requester: Requester? { session?.requester }

  /// Its Connect was accepted, and it has not ended.
  var isAccepted: Bool { session != nil }

  /// It was agreed on with the client that large frames are compressed.
  var deflates: Bool { session?.connection.deflates ?? false }

  /// Frames wait while the token is looked at, until Connect is answered, and for commands.
  var takesFrames: Bool {
    switch phase {
    case .awaitingConnect: true
    case .open(let session): drain == nil && session.takesFrames
    case .checking, .opening, .closed: false
    }
  }

  /// What commands without an answer take.
  var commandBytes: Int { session?.commandBytes ?? 0 }

  /// Whose presence it is told, and was told when it ended.
  var watched: Set<UserID> {
    if case .closed(let watched) = phase { watched } else { session?.watched ?? [] }
  }

  /// The user, once the owner has agreed that this session follows the stream.
  func follower(of stream: StreamKey) -> UserID? { session?.follower(of: stream) }

  // MARK: frames

  mutating func received(_ frame: Frame, _ output: inout SessionOutput) {
    guard !isClosed else { return }
    // Sequences rise, so that an answer can't be taken for another request's.
    guard frame.sequence > lastSequence else {
      let fault = DaybookError(
        .outOfOrderFrame,
        "sequence \(frame.sequence) after \(lastSequence): sequences begin at 1 and rise")
      return fail(fault, sequence: frame.sequence, &output)
    }
    lastSequence = frame.sequence
    guard let session else { return connect(frame, &output) }
    do throws(EndOfSession) {
      try session.request(frame, &output)
    } catch {
      end(error, &output)
    }
  }

  /// The bytes are no frames: nothing behind them can be trusted.
  mutating func faulted(_ fault: FrameFault, _ output: inout SessionOutput) {
    fail(fault.error, sequence: fault.sequence, &output)
  }

  // MARK: the beginning

  mutating func offered(_ token: String) {
    if case .awaitingConnect = phase { phase = .awaitingConnect(token: token) }
  }

  private mutating func connect(_ frame: Frame, _ output: inout SessionOutput) {
    guard case .awaitingConnect(let token) = phase, frame.type == .connect else {
      let fault = DaybookError(.outOfOrderFrame, "the first frame must be a Connect")
      return fail(fault, sequence: frame.sequence, &output)
    }
    do throws(DaybookError) {
      let connecting = try Connecting(
        frame, offered: token, clientBytesMax: settings.options.clientBytesMax)
      phase = .checking(connecting)
      output.actions.append(.checkToken(connecting.token))
    } catch {
      fail(error, sequence: frame.sequence, &output)
    }
  }

  mutating func tokenChecked(
    _ result: Result<CheckedToken, DaybookError>, _ output: inout SessionOutput
  ) {
    guard case .checking(let connecting) = phase else { return }
    switch result {
    case .failure(let error): fail(error, sequence: connecting.sequence, &output)
    case .success(let token):
      let requester = Requester(token.principal, origin: connecting.origin)
      let options = settings.options
      let heartbeat = options.heartbeatInterval(askedFor: connecting.heartbeatMilliseconds)
      let session = OpenSession(
        id, requester, token, silentTicksMax: options.silentTicksMax(for: heartbeat), settings,
        load, connection: agreed(connecting, token.principal))
      var opening = Opening(
        connecting, as: token,
        reply: Daybook_V1_ConnectReply(
          to: requester, session: id, logID: settings.logID, options, heartbeat: heartbeat,
          tokenExpiresAt: token.expiresAt, now: settings.clock.now()))
      if connecting.settings != nil { opening.agree(on: session.connection) }
      begin(session, opening, &output)
    }
  }

  /// A service, which follows nothing, is pushed nothing that could be left out.
  private func agreed(_ connecting: Connecting, _ principal: Principal) -> ConnectionSettings {
    let asked = connecting.settings ?? ConnectionSettings()
    var agreed = asked
    if case .service = principal { agreed = ConnectionSettings() }
    agreed.deflates = asked.deflates && mayCompress
    return agreed
  }

  private mutating func begin(
    _ session: OpenSession, _ opening: Opening, _ output: inout SessionOutput
  ) {
    phase = .opening(session, opening)
    session.openFirst(&output)
    do throws(EndOfSession) {
      try session.expiryDue(&output)
    } catch {
      end(error, &output)
    }
  }

  /// The mailbox's owner has answered. If it can't be opened, or the token is void, there is no session, and
  /// no other one ends for it.
  private mutating func opened(
    _ session: OpenSession, _ opening: Opening, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) throws(EndOfSession) {
    var position: StreamPosition?
    do throws(DaybookError) {
      let outcome = try outcome.get()
      if opening.device == nil {
        _ = try outcome.result()
      } else {
        position = try outcome.position()
      }
    } catch {
      throw .fault(error, sequence: opening.sequence)
    }
    phase = .open(session)
    opening.sayConnected(
      resumed: position?.resumed ?? false, registration: position?.registration ?? .none, &output)
    try session.begin(
      at: position, client: opening.client, opening.news(after: position?.head ?? .none), &output)
    guard let device = opening.device else { return }
    if session.connection.hidesPresence { output.actions.append(.hide(device.user)) }
    output.actions.append(.register(device))
  }

  /// The token that a session is to go on with was looked at.
  func renewalChecked(
    _ result: Result<CheckedToken, DaybookError>, sequence: UInt32, _ output: inout SessionOutput
  ) {
    session?.renewalChecked(result, sequence: sequence, &output)
  }

  // MARK: answers

  /// What was submitted has its answer.
  mutating func answered(
    _ purpose: CommandPurpose, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) {
    do throws(EndOfSession) {
      switch phase {
      case .open(let session): try session.answered(purpose, outcome, &output)
      case .opening(let session, let opening):
        // What was asked first is answered first.
        try opened(session, opening, outcome, &output)
      case .awaitingConnect, .checking, .closed: break
      }
    } catch {
      end(error, &output)
    }
    endIfDrained(&output)
  }

  mutating func queryAnswered(
    _ type: FrameType, sequence: UInt32, _ result: Result<QueryAnswer, DaybookError>,
    _ output: inout SessionOutput
  ) {
    session?.queryAnswered(type, sequence: sequence, result, &output)
    endIfDrained(&output)
  }

  /// The message that a command is about was looked for.
  mutating func resolved(
    _ result: Result<FoundMessage, DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    session?.resolved(result, sequence: sequence, &output)
    endIfDrained(&output)
  }

  mutating func onlineKnown(
    _ result: Result<[UserPresence], DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    session?.onlineKnown(result, sequence: sequence, &output)
    endIfDrained(&output)
  }

  /// A page that was read for a stream that has more than was pushed.
  mutating func pageRead(
    _ stream: StreamKey, _ result: Result<[StreamEvent], DaybookError>,
    _ output: inout SessionOutput
  ) {
    do throws(EndOfSession) {
      try session?.pageRead(stream, result, &output)
    } catch {
      end(error, &output)
    }
  }

  // MARK: what is pushed

  /// An event of a followed stream has committed. `body` is the batch's.
  mutating func committed(
    _ stream: StreamKey, _ slot: EventSlot, _ body: ByteBuffer, _ output: inout SessionOutput
  ) {
    do throws(EndOfSession) {
      switch phase {
      case .open(let session): try session.committed(stream, slot, body, &output)
      case .opening(let session, var opening):
        guard let news = session.held(stream, slot, body, &output) else { return }
        opening.keep(news, at: slot.seq)
        phase = .opening(session, opening)
      case .awaitingConnect, .checking, .closed: break
      }
    } catch {
      end(error, &output)
    }
  }

  /// What the stream's partition has committed since may not have been told.
  func interrupted(_ stream: StreamKey, _ output: inout SessionOutput) {
    session?.interrupted(stream, &output)
  }

  func presenceChanged(_ presence: UserPresence, _ output: inout SessionOutput) {
    session?.presenceChanged(presence, &output)
  }

  /// The user has blocked this session's.
  func watchEnded(_ other: UserID, _ output: inout SessionOutput) {
    session?.watchEnded(other, &output)
  }

  /// Whom the user has blocked is known from the mailbox's answer on.
  func typingSeen(_ typist: UserID, to stream: StreamKey, _ output: inout SessionOutput) {
    guard case .open(let session) = phase else { return }
    session.typingSeen(typist, to: stream, &output)
  }

  func transientSent(_ event: ByteBuffer, in stream: StreamKey, _ output: inout SessionOutput) {
    guard case .open(let session) = phase else { return }
    session.transientSent(event, in: stream, &output)
  }

  /// What was said before is on its way, or, while `isFull`, waits to be read by the client.
  func flushed(isFull: Bool, _ output: inout SessionOutput) {
    session?.flushed(isFull: isFull, &output)
  }

  /// The tick's end has come, for acks that wait for it.
  func flushAcks(_ output: inout SessionOutput) { session?.flushAcks(&output) }

  /// The interval is over, for how far groups were acked.
  func flushGroupCursors(_ output: inout SessionOutput) { session?.flushGroupCursors(&output) }

  /// The user has left a group whose members are not told of that.
  func left(_ stream: StreamKey, _ output: inout SessionOutput) { session?.left(stream, &output) }

  // MARK: time

  /// Bytes of a frame that isn't whole yet are a sign of life too, and so is taking what was sent.
  func peerIsAlive() { session?.peerIsAlive() }

  /// Called twice in each heartbeat interval. `isReading` is false while the gateway itself keeps
  /// the client's frames waiting.
  mutating func tick(isReading: Bool, _ output: inout SessionOutput) {
    do throws(EndOfSession) {
      try session?.tick(isReading: isReading, &output)
    } catch {
      end(error, &output)
    }
  }

  mutating func connectDeadlinePassed(_ output: inout SessionOutput) {
    switch phase {
    case .awaitingConnect, .checking: break
    case .opening, .open, .closed: return
    }
    let late = DaybookError(
      .connectDeadline, "no Connect came in time; open the connection and connect at once")
    closing(late, &output)
  }

  /// The session ends with its token, which may be near its end. Wall clocks are set: whether it is time
  /// is asked again.
  mutating func expiryDue(_ output: inout SessionOutput) {
    do throws(EndOfSession) {
      try session?.expiryDue(&output)
    } catch {
      end(error, &output)
    }
  }

  // MARK: the end

  /// Ends the session once what was asked of it is answered. A client that has no session yet is told at
  /// once.
  mutating func drain(_ error: DaybookError, _ output: inout SessionOutput) {
    guard case .open = phase else { return closing(error, &output) }
    drain = error
    endIfDrained(&output)
  }

  private mutating func endIfDrained(_ output: inout SessionOutput) {
    guard let drain, case .open(let session) = phase, !session.isAsked else { return }
    closing(drain, &output)
  }

  /// Ends the session for a reason that no request gave.
  mutating func closing(_ error: DaybookError, _ output: inout SessionOutput) {
    guard !isClosed else { return }
    let said = ErrorCode.closing.contains(error.code) ? error : SessionMachine.trouble(error)
    session?.flushAllAcks(&output)
    output.write(.closing, Daybook_V1_Closing.with { $0.error = said.errorReply })
    output.ending = said
    close(reason: said.code.name, &output)
  }

  /// What is wrong with the server's files, or with who owns them, is no client's to know: it comes
  /// again, and may find another server.
  private static func trouble(_ error: DaybookError) -> DaybookError {
    DaybookError(
      .storageFailed, "the server can't go on with this session; connect again", cause: error)
  }

  /// The peer is gone; acks that wait are still worth handing on.
  mutating func disconnected(_ output: inout SessionOutput) {
    session?.flushAllAcks(&output)
    leave(reason: "", &output)
  }

  /// Answers a request whose fault ends the connection.
  private mutating func fail(
    _ error: DaybookError, sequence: UInt32, _ output: inout SessionOutput
  ) {
    guard !isClosed else { return }
    session?.flushAllAcks(&output)
    output.error(error, sequence: sequence)
    output.ending = error
    close(reason: error.code.name, &output)
  }

  private mutating func end(_ end: EndOfSession, _ output: inout SessionOutput) {
    switch end {
    case .closing(let error): closing(error, &output)
    case .fault(let error, let sequence): fail(error, sequence: sequence, &output)
    case .asked: close(reason: "", &output)
    }
  }

  private mutating func close(reason: String, _ output: inout SessionOutput) {
    leave(reason: reason, &output)
    output.actions.append(.close)
  }

  /// The log is told once, however the session ends, of what it knows to have begun; behind the acks.
  private mutating func leave(reason: String, _ output: inout SessionOutput) {
    if case .open(let session) = phase { session.announceEnd(reason: reason, &output) }
    phase = .closed(watched: watched)
  }
}

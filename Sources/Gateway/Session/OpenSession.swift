import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// A session whose token is good. What it consists of are machines that know nothing of each other:
/// here is what connects them, and who answers which frame.
///
/// A class, so that a phase's payload is changed where it is: out of an enum a struct comes as a copy,
/// and each frame and each pushed event would move all of these machines out of `SessionMachine` and
/// back. Nobody else knows it.
final class OpenSession {
  private let id: String
  let settings: SessionSettings
  /// What counts of what the client wants of its connection.
  let connection: ConnectionSettings
  private let admission: Admission
  let requester: Requester
  /// Whom the session itself acts as.
  private let actor: Actor
  /// Which one the device is to its mailbox.
  private var registration = Seq.none
  /// Nil where the token names none, and for a service.
  private let deviceClass: DeviceClass?
  var token: SessionToken
  private var liveness: Liveness
  var syncing: Syncing
  private var acks = AckGathering()
  private var groupCursors = GroupCursorGathering()
  private var commands: CommandFlow
  var queries: QueryFlow
  var presence: PresenceFlow

  init(
    _ id: String, _ requester: Requester, _ token: CheckedToken, silentTicksMax: Int,
    _ settings: SessionSettings, _ load: LoopLoad,
    connection: ConnectionSettings = ConnectionSettings()
  ) {
    self.connection = connection
    let options = settings.options
    self.id = id
    self.settings = settings
    admission = Admission(requester.user, settings, load)
    self.requester = requester
    actor = requester.actor
    deviceClass = token.deviceClass
    self.token = SessionToken(token, of: requester, settings)
    liveness = Liveness(silentTicksMax: silentTicksMax)
    syncing = Syncing(for: requester, window: options.window, settings: connection)
    let isService = requester.user == nil
    commands = CommandFlow(
      inFlightMax: options.inFlightMax,
      inFlightBytesMax: isService ? options.serviceBytesMax : options.inboundBytesMax,
      looksAhead: isService)
    queries = QueryFlow(inFlightMax: options.queriesInFlightMax)
    presence = PresenceFlow(
      for: requester,
      PresenceFlow.Bounds(
        watchedUsersMax: options.watchedUsersMax,
        onlineUsersInFlightMax: options.onlineUsersInFlightMax, typingMax: options.typingMax))
  }

  var clock: any WallClock { settings.clock }

  var takesFrames: Bool { commands.takesFrames }
  /// What commands without an answer take.
  var commandBytes: Int { commands.byteCount }
  /// Something that the client has asked is unanswered.
  var isAsked: Bool { commands.isAsked || queries.isAsked }
  var watched: Set<UserID> { presence.watched }

  /// The user, once the owner has agreed that this session follows the stream.
  func follower(of stream: StreamKey) -> UserID? {
    syncing.hasOpened(stream) ? requester.user : nil
  }

  // MARK: requests

  /// One that fails is answered so, and the session goes on, unless it tells of a client that has lost
  /// its place.
  func request(_ frame: Frame, _ output: inout SessionOutput) throws(EndOfSession) {
    liveness.peerIsAlive()
    do throws(DaybookError) {
      try take(frame, &output)
    } catch {
      guard error.code == .outOfOrderFrame else {
        return output.error(error, sequence: frame.sequence)
      }
      throw .fault(error, sequence: frame.sequence)
    }
    if frame.type == .disconnect { throw .asked }
  }

  private func take(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
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
      flushAllAcks(&output)
      output.write(.disconnect.reply, sequence: frame.sequence, Daybook_V1_DisconnectReply())
    case .renew:
      let request = try Daybook_V1_RenewRequest(frameBody: frame.body)
      try queries.begin()
      output.actions.append(.checkRenewal(request.token, sequence: frame.sequence))
    case .refusedAddresses, .liftRefusal:
      output.actions.append(try OperatorFrames.action(for: frame, by: requester))
    case .typing: try typing(frame, &output)
    case .online: try online(frame, &output)
    case .nextNumber: try nextNumber(frame, &output)
    case .connect:
      throw DaybookError(.outOfOrderFrame, "this connection has its session: connect once")
    default:
      if FrameType.commands.contains(frame.type) { return try command(frame, &output) }
      try query(frame, &output)
    }
  }

  private func command(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try CommandRequests.parse(frame.type, frame.body, by: requester, now: clock.now())
    do throws(DaybookError) {
      try commands.admit(request.issuer, uptime: clock.uptime())
      try admit(request, frame.type)
    } catch {
      if let traceID = request.issuer.traceID {
        output.actions.append(.logRefusal(traceID, error))
      }
      throw error
    }
    // What is read was received: it is to be known in that order.
    if case .submit(let stream, .read) = request.step {
      acks.flush(stream, by: actor, registration, &output)
    }
    commands.take(
      request.step,
      for: AskedCommand(
        sequence: frame.sequence, type: frame.type.rawValue, issuer: request.issuer,
        bytes: UInt32(frame.body.readableBytes)), &output)
  }

  private func admit(_ request: CommandRequest, _ type: FrameType) throws(DaybookError) {
    do throws(DaybookError) {
      try admission.admit(request, type)
    } catch {
      // A read stands in nobody's way: what comes behind it is no other for having come first.
      if type != .read { commands.turnAway(request.issuer, uptime: clock.uptime()) }
      throw error
    }
  }

  private func ack(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try AckRequest(frameBody: frame.body)
    guard requester.device != nil else {
      throw DaybookError(.notPermitted, "a service follows no stream and acks none")
    }
    try syncing.acked(request.stream, request.upTo)
    syncing.heard(request.stream, &output)
    if let group = request.stream.groupID {
      gather(group, upTo: request.upTo, sequence: frame.sequence, &output)
    } else {
      acks.gather(upTo: request.upTo, of: request.stream, sequence: frame.sequence, &output)
    }
    if syncing.isAwaited(request.stream) { advance(&output) }
  }

  /// An ack past what is known here of the group is of an event that was fetched before it was told
  /// here, or of a log that this one has lost: the group's owner is asked.
  private func gather(
    _ group: GroupID, upTo: Seq, sequence: UInt32, _ output: inout SessionOutput
  ) {
    guard upTo > syncing.head(of: .group(group)) else {
      return groupCursors.gather(group, upTo: upTo, sequence: sequence, &output)
    }
    output.actions.append(
      .submit(
        Command(stream: .group(group), actor: actor, id: nil, body: .inspect(peer: nil)),
        CommandPurpose(sequence: sequence, kind: .ackedAhead(group, upTo: upTo))))
  }

  private func headKnown(
    _ group: GroupID, ackedUpTo upTo: Seq, _ outcome: Result<CommandOutcome, DaybookError>,
    sequence: UInt32, _ output: inout SessionOutput
  ) {
    do throws(DaybookError) {
      let head = try outcome.get().position().head
      guard upTo <= head else { throw .ackPastHead(.group(group), upTo, head) }
      groupCursors.gather(group, upTo: upTo, sequence: sequence, &output)
    } catch {
      output.error(error, sequence: sequence)
    }
  }

  private func query(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    try admission.admitQuery()
    var request = try QueryRequests.parse(frame.type, frame.body, by: requester)
    if let head = syncing.mailboxHead { request.ownHeadIsKnown(head) }
    try queries.ask(request, sequence: frame.sequence, by: actor, &output)
    if case .fetch(let stream, _, _, _, _) = request.query { syncing.heard(stream, &output) }
  }

  // MARK: answers

  /// What was submitted has its answer.
  func answered(
    _ purpose: CommandPurpose, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) throws(EndOfSession) {
    switch (purpose.kind, outcome) {
    case (.reply(let type), _): commands.answered(purpose, type, outcome, &output)
    case (.transient(let event, let type), _):
      commands.answered(purpose, type, pushing: event, outcome, &output)
    case (.ack, .success), (.note, _): break
    case (.ack, .failure(let error)): output.error(error, sequence: purpose.sequence)
    case (.ackedAhead(let group, let upTo), _):
      headKnown(group, ackedUpTo: upTo, outcome, sequence: purpose.sequence, &output)
    case (.open(let stream), _): try opened(stream, outcome, &output)
    case (.token(let asked), _): try token.answered(outcome, about: asked, &output)
    case (.renewal, _):
      queries.ended()
      token.renewalAnswered(outcome, sequence: purpose.sequence, &output)
    case (.resume(let stream), _): try resumed(stream, outcome, &output)
    case (.inspect(let query), _):
      queries.inspected(query, outcome, sequence: purpose.sequence, for: requester, &output)
    case (.locate, _):
      commands.located(
        outcome, sequence: purpose.sequence, uptime: clock.uptime(), &output)
    case (.typing(let conversation), .success): presence.mayType(in: conversation, &output)
    case (.typing, .failure): break
    case (.nextNumber, _):
      queries.answered(
        FrameType.nextNumber.reply, sequence: purpose.sequence, NextNumber.answer(outcome), &output)
    case (.contact(let other), _):
      let isAnswered = presence.contactKnown(other, outcome, sequence: purpose.sequence, &output)
      if isAnswered { queries.ended() }
    }
  }

  func queryAnswered(
    _ type: FrameType, sequence: UInt32, _ result: Result<QueryAnswer, DaybookError>,
    _ output: inout SessionOutput
  ) {
    if case .success(let answer) = result { commands.observe(answer.observed) }
    queries.answered(type, sequence: sequence, result, &output)
  }

  func resolved(
    _ result: Result<FoundMessage, DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    commands.resolved(result, sequence: sequence, uptime: clock.uptime(), &output)
  }

  func onlineKnown(
    _ result: Result<[UserPresence], DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    queries.ended()
    presence.onlineKnown(result, sequence: sequence, &output)
  }

  // MARK: following

  /// Asks what has to be answered before there is a session: a device's mailbox is opened; of a service's
  /// token it is known then that it is not void, and what makes it so is pushed from there on.
  func openFirst(_ output: inout SessionOutput) {
    if let user = requester.user { return open(.user(user), &output) }
    output.actions.append(.subscribe(token.stream))
    token.ask(&output)
  }

  private func open(_ stream: StreamKey, _ output: inout SessionOutput) {
    syncing.open(stream, registration: registration, token.stamp, &output)
  }

  /// The mailbox has been opened, and the client knows. Nothing hangs on what the log answers: a
  /// session goes on where it has no room to tell of it. A service has nothing that is opened.
  func begin(
    at position: StreamPosition?, client: String, _ news: [MailboxNews],
    _ output: inout SessionOutput
  ) throws(EndOfSession) {
    guard let user = requester.user, let position else {
      for news in news { try take(news) }
      return
    }
    registration = position.registration
    presence.blocked(are: position.blocked)
    syncing.quiet(are: position.quiet)
    // What the log has of sessions, others are told: when the user was last seen.
    if !connection.hidesPresence {
      output.actions.append(
        .note(
          .openSession(session: id, client: client, deviceClass: deviceClass), in: .user(user),
          by: actor))
    }
    syncing.knows(position.reached)
    syncing.want(position.groups)
    for news in news { try take(news) }
    syncing.opened(.user(user), position, &output)
    advance(&output)
  }

  private func opened(
    _ stream: StreamKey, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) throws(EndOfSession) {
    do throws(DaybookError) {
      syncing.opened(stream, try outcome.get().position(), &output)
      advance(&output)
    } catch {
      // The mailbox may lag behind the group: it names a group that the user has left. And a
      // partition that is read-only, or damaged, costs its own groups, not the session.
      switch error.code {
      case .notAMember, .groupNotFound, .groupDissolved, .partitionReadOnly, .logCorrupt: break
      default: throw .closing(error)
      }
      syncing.openFailed(stream, &output)
      openNext(&output)
    }
  }

  private func openNext(_ output: inout SessionOutput) {
    if let next = syncing.nextToOpen(&output) { open(next, &output) }
  }

  private func advance(_ output: inout SessionOutput) {
    guard syncing.mayAdvance(output) else { return }
    while let next = syncing.advance(&output) { open(next, &output) }
  }

  func pageRead(
    _ stream: StreamKey, _ result: Result<[StreamEvent], DaybookError>,
    _ output: inout SessionOutput
  ) throws(EndOfSession) {
    switch syncing.pageRead(stream, result, &output) {
    case .dropped: break
    case .ended: openNext(&output)
    case .failed(let error): throw .closing(error)
    case .pushed(let events):
      for event in events { commands.observe(event.messageID) }
      advance(&output)
    }
  }

  /// What was said before is on its way, or, while `isFull`, waits to be read.
  func flushed(isFull: Bool, _ output: inout SessionOutput) {
    presence.flushed(isFull: isFull, &output)
    if syncing.flushed(isFull: isFull, &output) { advance(&output) }
  }

  func flushAcks(_ output: inout SessionOutput) {
    acks.flush(by: actor, registration, &output)
  }

  func flushGroupCursors(_ output: inout SessionOutput) {
    guard let user = requester.user else { return }
    groupCursors.flush(in: .user(user), by: actor, registration, &output)
  }

  /// At the end of the session.
  func flushAllAcks(_ output: inout SessionOutput) {
    flushAcks(&output)
    flushGroupCursors(&output)
  }

  // MARK: what commits

  func committed(
    _ stream: StreamKey, _ slot: EventSlot, _ body: ByteBuffer, _ output: inout SessionOutput
  ) throws(EndOfSession) {
    guard let bytes = slot.bytes(in: body) else { return }
    guard requester.user != nil else { return try MailboxNews(slot, bytes).map(take) ?? () }
    switch syncing.committed(stream, slot, bytes, &output) {
    case .notFollowed: return
    case .held: break
    case .pushed(let mayOpen):
      commands.observe(slot.messageID)
      if mayOpen { openNext(&output) }
    case .fellBehind: advance(&output)
    case .gap:
      // Batches come in order, so this can't be; were it so, syncing anew is what heals it.
      throw .closing(
        DaybookError(
          .storageFailed,
          "\(stream) went on at seq \(slot.seq) with some missing; connect again"))
    }
    // Pushed first, where it is live: a device that was forgotten is told why it is closed. Up to the
    // mailbox's head at its opening, the owner's answer has had it; what is behind counts at once,
    // however far the sync is.
    guard stream.kind == .user, let news = MailboxNews(slot, bytes),
      let known = syncing.mailboxOpenedHead, slot.seq > known
    else { return }
    try take(news)
  }

  /// An event of the mailbox has committed, which is being opened. What of it changes the session is
  /// given back, for its time is still to come.
  func held(
    _ stream: StreamKey, _ slot: EventSlot, _ body: ByteBuffer, _ output: inout SessionOutput
  ) -> MailboxNews? {
    guard let bytes = slot.bytes(in: body) else { return nil }
    _ = syncing.committed(stream, slot, bytes, &output)
    return MailboxNews(slot, bytes)
  }

  /// To a service, whose session hears of its tokens alone, a mailbox of its name says nothing else.
  private func take(_ news: MailboxNews) throws(EndOfSession) {
    if case .revoked(let revoked) = news { return try token.take(revoked) }
    guard requester.user != nil else { return }
    switch news {
    case .blocked(let other): presence.block(other, true)
    case .unblocked(let other): presence.block(other, false)
    case .marked(let conversation, let isQuiet): syncing.mark(conversation, isQuiet: isQuiet)
    case .forgotten(let forgotten):
      guard forgotten == requester.device else { return }
      throw .closing(
        DaybookError(
          .deviceForgotten, "this device was forgotten: connect again and it is a new one"))
    case .revoked: break
    }
  }

  /// The owner has said how far the stream goes, and of the own mailbox also what changes the session
  /// itself.
  private func resumed(
    _ stream: StreamKey, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) throws(EndOfSession) {
    guard syncing.follows(stream) else { return }
    do throws(DaybookError) {
      let position = try outcome.get().position()
      if stream.kind == .user {
        presence.blocked(are: position.blocked)
        syncing.quiet(are: position.quiet)
      }
      syncing.resumed(stream, position)
      advance(&output)
    } catch {
      throw .closing(error)
    }
  }

  // MARK: how long it lasts

  func renewalChecked(
    _ result: Result<CheckedToken, DaybookError>, sequence: UInt32, _ output: inout SessionOutput
  ) {
    if !token.renew(with: result, sequence: sequence, &output) { queries.ended() }
  }

  func peerIsAlive() { liveness.peerIsAlive() }

  /// Called twice in each heartbeat interval.
  func tick(isReading: Bool, _ output: inout SessionOutput) throws(EndOfSession) {
    presence.tick()
    syncing.sayWithheld(&output)
    if let silence = liveness.tick(isReading: isReading) { throw .closing(silence) }
    try token.tick(&output)
  }

  func expiryDue(_ output: inout SessionOutput) throws(EndOfSession) {
    try token.expiryDue(&output)
  }

  /// To the log, which knows only of devices' sessions, and of those whose mailbox was opened.
  func announceEnd(reason: String, _ output: inout SessionOutput) {
    guard let user = requester.user, !connection.hidesPresence else { return }
    output.actions.append(
      .note(.closeSession(session: id, reason: reason), in: .user(user), by: actor))
  }
}

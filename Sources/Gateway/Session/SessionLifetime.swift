import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// How a session begins, and every way in which it ends.
extension SessionMachine {
  mutating func connect(_ frame: Frame, _ output: inout SessionOutput) {
    guard phase == .awaitingConnect, frame.type == .connect else {
      let fault = DaybookError(.outOfOrderFrame, "the first frame must be a Connect")
      return fail(fault, sequence: frame.sequence, &output)
    }
    do throws(DaybookError) {
      let request = try Daybook_V1_ConnectRequest(frameBody: frame.body)
      origin = try CommandContext.origin(of: request.origin)
      guard request.client.utf8.count <= options.clientBytesMax else {
        throw DaybookError(
          .invalidRequest, "client is over \(options.clientBytesMax) bytes: state name and version")
      }
      guard request.client.isPrintable else {
        throw DaybookError(.invalidRequest, "client has no control characters")
      }
      client = request.client
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
      let requester = Requester(principal, origin: origin)
      self.requester = requester
      syncing = Syncing(
        for: requester, window: options.window, outboundBytesMax: options.outboundBytesMax)
      presence = PresenceFlow(
        for: requester,
        PresenceFlow.Bounds(
          watchedUsersMax: options.watchedUsersMax,
          onlineUsersInFlightMax: options.onlineUsersInFlightMax, typingMax: options.typingMax))
      liveness = Liveness(expiresAt: token.expiresAt)
      phase = .open
      connectReply = makeConnectReply()
      output.actions.append(.scheduleExpiry(after: liveness.untilExpiry(clock.now())))
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
      $0.heartbeatIntervalMs = UInt32(clamping: options.heartbeatInterval.nanoseconds / 1_000_000)
      $0.limits = .with {
        $0.contentBytesMax = UInt32(Limits.contentBytesMax)
        $0.frameBytesMax = UInt32(options.frameBytesMax)
        $0.inFlightMax = UInt32(options.inFlightMax)
        $0.originWindow = UInt32(Limits.originWindow)
        $0.pageEventsMax = UInt32(Limits.pageEventsMax)
        $0.windowEvents = UInt32(options.window.events)
        $0.windowBytes = UInt32(options.window.bytes)
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
    reply.registration = registration.rawValue
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
    let left = liveness.untilExpiry(clock.now())
    guard left == .zero else { return output.actions.append(.scheduleExpiry(after: left)) }
    closing(DaybookError(.expiredToken, "the token has expired: connect with a new one"), &output)
  }

  /// Called twice in each heartbeat interval.
  mutating func tick(isReading: Bool, _ output: inout SessionOutput) {
    guard phase == .open else { return }
    presence?.tick()
    if let silence = liveness.tick(isReading: isReading) { closing(silence, &output) }
  }

  mutating func peerIsAlive() { liveness.peerIsAlive() }

  /// Ends the session for a reason that no request gave.
  mutating func closing(_ error: DaybookError, _ output: inout SessionOutput) {
    guard phase != .closed else { return }
    let said = ErrorCode.closing.contains(error.code) ? error : SessionMachine.trouble(error)
    flushAcks(&output)
    output.write(.closing, Daybook_V1_Closing.with { $0.error = said.errorReply })
    close(reason: said.code.name, &output)
  }

  /// What is wrong with the server's files, or with who owns them, is no client's to know: it comes
  /// again, and may find another server.
  private static func trouble(_ error: DaybookError) -> DaybookError {
    DaybookError(
      .storageFailed, "the server can't go on with this session; connect again", cause: error)
  }

  /// Answers a request whose fault ends the connection.
  mutating func fail(
    _ error: DaybookError, sequence: UInt32, _ output: inout SessionOutput
  ) {
    guard phase != .closed else { return }
    flushAcks(&output)
    output.error(error, sequence: sequence)
    close(reason: error.code.name, &output)
  }

  /// The peer is gone; acks that wait are still worth handing on.
  mutating func disconnected(_ output: inout SessionOutput) {
    guard phase != .closed else { return }
    flushAcks(&output)
    announceEnd(reason: "", &output)
    phase = .closed
  }

  mutating func close(reason: String, _ output: inout SessionOutput) {
    announceEnd(reason: reason, &output)
    phase = .closed
    output.actions.append(.close)
  }

  // MARK: the session in the log

  /// Nothing hangs on the answer: a session goes on where the log has no room to tell of it.
  mutating func announce(_ output: inout SessionOutput) {
    isAnnounced = true
    note(.openSession(session: id, client: client), &output)
  }

  /// Once, however the session ends; behind its acks.
  private mutating func announceEnd(reason: String, _ output: inout SessionOutput) {
    guard isAnnounced else { return }
    isAnnounced = false
    note(.closeSession(session: id, reason: reason), &output)
  }

  /// Hands the user's mailbox something that the client did not ask for.
  private func note(_ body: Command.Body, _ output: inout SessionOutput) {
    guard let user else { return }
    output.actions.append(.note(body, in: .user(user), by: actor))
  }
}

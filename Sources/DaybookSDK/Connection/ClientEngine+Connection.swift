import DaybookModel
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import WireProtocol

extension ClientEngine {
  // MARK: opening

  func start(_ reply: Reply<SessionInfo>) {
    guard starting == nil, channel == nil, core.info == nil, !isOver else {
      let error = DaybookError(.invalidArgument, "this client was connected before: make a new one")
      return reply.fail(error)
    }
    starting = reply
    shared.withLockedValue { $0.isStarted = true }
    startDeadline = .now() + TimeAmount(configuration.connectPatience)
    attempt()
  }

  private func attempt() {
    guard !isOver else { return }
    if let provider = configuration.tokenProvider {
      askForToken(provider)
    } else {
      openConnection()
    }
  }

  func openConnection() {
    let bootstrap = ClientBootstrap(group: loop)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .connectTimeout(TimeAmount(configuration.connectDeadline))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls = self.tls {
            let handler = try tls.makeHandler()
            try pipeline.addHandlers([
              handler, ClientTLSHandler(self, handler, hasCertificate: tls.hasCertificate),
            ])
          }
          if self.configuration.isWebSocket {
            try ClientUpgradeHandler(self, host: "\(self.server)").add(to: pipeline)
          }
          try pipeline.addHandler(ClientHandler(self))
        }
      }
    bootstrap.connect(host: configuration.host, port: configuration.port).whenComplete { outcome in
      if case .failure(let error) = outcome { self.unreachable(error) }
    }
  }

  private func unreachable(_ cause: any Error) {
    let what =
      ClientEngine.isUnknownHost(cause)
      ? "no host is known by the name '\(configuration.host)': check the address"
      : "no server answers at \(server): start it, or check the address"
    lastError = DaybookError(.unreachable, what, cause: cause)
    tryAgain()
  }

  /// The name was not resolved, so that there was no address to try.
  private static func isUnknownHost(_ cause: any Error) -> Bool {
    guard let error = cause as? NIOConnectionError, error.connectionErrors.isEmpty else {
      return false
    }
    return (error.dnsAError ?? error.dnsAAAAError) is SocketAddressError.UnknownHost
  }

  func connected(_ channel: any Channel) {
    guard !isOver else { return channel.close(promise: nil) }
    self.channel = channel
    decoder = FrameDecoder()
    lastHeard = .now()
    core.opened()
    deadline = loop.scheduleTask(in: TimeAmount(configuration.connectDeadline)) { [self] in
      drop(notDaybook("it accepts connections and says nothing"))
    }
    perform()
  }

  func opened(heartbeatMilliseconds: UInt32) {
    deadline?.cancel()
    deadline = nil
    backoff.reset()
    renewal.opened()
    lastError = nil
    if let info = core.info {
      shared.withLockedValue { $0.user = core.user }
      logger.info(
        "connected", metadata: ["session": "\(info.session)", "resumed": "\(info.resumed)"])
      starting?.succeed(info)
      openOutbox(info)
    }
    starting = nil
    let interval = Int64(heartbeatMilliseconds)
    guard interval > 0 else { return }
    // Earlier than asked for, so that a slow moment isn't taken for silence.
    let beat = TimeAmount.milliseconds(max(1, interval * 3 / 4))
    heartbeat = loop.scheduleRepeatedTask(initialDelay: beat, delay: beat) { [self] _ in
      if .now() - lastHeard > .milliseconds(2 * interval) {
        drop(DaybookError(.heartbeatMissed, "the server was silent for too long"))
      } else {
        core.heartbeat()
        perform()
      }
    }
  }

  // MARK: frames

  func received(_ bytes: ByteBuffer) {
    lastHeard = .now()
    // Reading goes on however slow the application is: answers come between events.
    if !core.isHoldingBack && events.isFull {
      core.holdBack()
      logger.debug("events are passed over, to be fetched when the application has taken some")
    }
    decoder.append(bytes)
    do throws(FrameFault) {
      while let frame = try decoder.next() {
        hasHeard = true
        core.receive(frame)
      }
    } catch {
      if hasHeard { return stop(error.error) }
      stop(error.isTLS ? tlsRequired : notDaybook("what is there speaks something else"))
    }
  }

  private func notDaybook(_ what: String) -> DaybookError {
    DaybookError(.unreachable, "no Daybook answers at \(server): \(what); check the address")
  }

  private var tlsRequired: DaybookError {
    DaybookError(.tlsRequired, "the server at \(server) speaks TLS: do so too (--tls, tls://)")
  }

  /// What was agreed on before may be so again, as when a certificate is renewed: only who was never connected
  /// ends by what trying again does not mend.
  func tlsFailed(_ fault: TLSFault) {
    let error = DaybookError(fault.code, "the server at \(server) \(fault.message)")
    lastError = error
    if core.info == nil, !error.code.isTemporary { stop(error) }
  }

  /// Whatever answers there speaks HTTP.
  func webSocketRefused(_ status: UInt, _ text: String) {
    let said = PrintableText.line(text, bytesMax: Limits.errorMessageBytesMax / 2)
    lastError = DaybookError(
      .unreachable, "no WebSocket of Daybook at \(server): HTTP \(status) \(said)")
  }

  private var server: ServerAddress {
    ServerAddress(host: configuration.host, port: configuration.port)
  }

  // MARK: acks

  func ackDue(_ level: EventQueue.Level) {
    if core.isHoldingBack && level.waiting <= configuration.bufferedEventsMax / 2 { core.resume() }
    guard level.due > 0 else { return }
    // Half a window, so that the server can go on while the ack is on its way.
    let window = core.windowEvents > 0 ? max(1, core.windowEvents / 2) : Int.max
    if level.due >= min(configuration.ackEventsMax, window) {
      sendAcks()
    } else if ackTimer == nil {
      ackTimer = loop.scheduleTask(
        in: TimeAmount(configuration.ackDelay)
      ) { [self] in
        sendAcks()
        perform()
      }
    }
  }

  func sendAcks() {
    ackTimer?.cancel()
    ackTimer = nil
    for (stream, seq) in events.collectAcks() { core.handed(stream, upTo: seq) }
  }

  // MARK: trouble

  /// After a pause, and no earlier than the server has said of any of them.
  func scheduleRetry(after stated: Duration?) {
    if let stated {
      let pause = TimeAmount(min(stated, ClientEngine.statedPauseMax))
      retryNotBefore = max(retryNotBefore, .now() + pause)
    }
    guard retryTimer == nil else { return }
    var random = SystemRandomNumberGenerator()
    let wait = retryBackoff.next(using: &random)
    let due = max(retryNotBefore, .now() + .milliseconds(Int64(wait)))
    retryTimer = loop.scheduleTask(deadline: due) { [self] in
      retryTimer = nil
      // The server may have said more since.
      guard .now() >= retryNotBefore else { return scheduleRetry(after: nil) }
      core.retryTurnedAway()
      perform()
    }
  }

  /// Gives this connection up; `disconnected` follows.
  func drop(_ error: DaybookError) {
    lastError = error
    channel?.close(promise: nil)
  }

  func disconnected() {
    channel = nil
    heartbeat?.cancel()
    heartbeat = nil
    deadline?.cancel()
    deadline = nil
    renewTimer?.cancel()
    core.connectionLost()
    tryAgain()
  }

  func tryAgain() {
    guard !isOver else { return }
    let error =
      lastError
      ?? (hasHeard
        ? DaybookError(.unreachable, "the server closed the connection")
        : notDaybook("the connection is closed without a word"))
    lastError = nil
    var wait = TokenRenewal.pause(after: error)
    if !renewal.isWorthTrying(after: error) {
      if error.code == .tokenRevoked { return stop(error) }
      if starting != nil, .now() >= startDeadline { return stop(error) }
      wait = pause(after: error)
      // Who waits for the first answer is told when the patience ends, not when the pause would.
      if starting != nil {
        let left = max(0, (startDeadline - .now()).nanoseconds / 1_000_000)
        wait = min(wait, UInt64(left))
      }
    }
    if core.info != nil {
      logger.notice(
        "not connected", metadata: ["error": "\(error.code)", "next_ms": "\(wait)"])
      let pause = Duration.milliseconds(Int64(wait))
      core.note(.connection(.waiting(pause, ClientError(error))))
      perform()
    }
    connectTimer = loop.scheduleTask(in: .milliseconds(Int64(wait))) { self.attempt() }
  }

  /// Milliseconds. A server that is stopping, or has too much to do, says when to come again, and no two
  /// clients the same.
  private func pause(after error: DaybookError) -> UInt64 {
    if let stated = error.retryAfter {
      return UInt64(max(0, min(stated, ClientEngine.statedPauseMax).inMilliseconds))
    }
    var random = SystemRandomNumberGenerator()
    return backoff.next(using: &random)
  }

  /// No server keeps a client away for longer by one word.
  private static let statedPauseMax = Duration.seconds(600)

  // MARK: the end

  /// For good.
  func stop(_ error: DaybookError) {
    finish(error, told: ClientError(error))
  }

  func close(_ reply: Reply<Void>) {
    if !isOver {
      sendAcks()
      core.disconnect()
      perform()
      finish(DaybookError(.serverStopping, "the client was closed"), told: nil)
    }
    guard let channel else { return answerOnceReleased(reply) }
    // Behind the last write, so that the acks still go out.
    channel.closeFuture.whenComplete { _ in self.answerOnceReleased(reply) }
    channel.close(promise: nil)
  }

  private func finish(_ error: DaybookError, told: ClientError?) {
    guard !isOver else { return }
    isOver = true
    lastError = error
    shared.withLockedValue {
      $0.isOver = true
      $0.endedBy = told
    }
    if let told { logger.error("the session has ended", metadata: ["error": "\(told.code)"]) }
    starting?.fail(error)
    starting = nil
    renewal.end()
    for timer in [ackTimer, retryTimer, connectTimer, renewTimer] { timer?.cancel() }
    core.end(error)
    endOutbox()
    core.note(.connection(.closed(told)))
    perform()
  }

  /// After the last actions were done.
  func conclude() {
    for run in runs { run.done.fail(overError) }
    runs = []
    for reply in ending { reply.succeed(()) }
    ending = []
    workOnOutbox()
    events.finish()
    channel?.close(promise: nil)
  }
}

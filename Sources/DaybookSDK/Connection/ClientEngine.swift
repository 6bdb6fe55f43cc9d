import DaybookModel
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import WireProtocol

/// Runs a `SessionCore` on one event loop: owns the connection, the timers and the way back to who
/// asked. Other threads only fill the inbox.
///
/// `@unchecked Sendable`: all mutable state but the inbox and what is shared is touched on `loop`
/// alone.
final class ClientEngine: @unchecked Sendable {
  enum Work: Sendable {
    /// For the user, if a service acts for one.
    case command(IssuedCommand.Body, for: UserID?, TraceID?, Completion)
    case query(FrameType, ByteBuffer, Reply<ByteBuffer>)
    /// Nobody waits for this answer any more.
    case abandon(Reply<ByteBuffer>)
    case watch([String])
    case typing(StreamKey)
    case read(StreamKey, upTo: Seq)
    case markedUnread([StreamKey])
    case source(any CommandSource, window: Int, Reply<Void>)
    case ackDue(EventQueue.Level)
    case outboxDone(
      OutboxQueue.Job, bound: Result<Void, ClientError>, stored: Result<Void, ClientError>,
      removed: Result<Void, ClientError>)
    case start(Reply<SessionInfo>)
    case token(round: UInt64, Result<String, DaybookError>)
    case settled(Reply<Void>)
    case ended(Reply<Void>)
    case close(Reply<Void>)
  }

  enum Completion: Sendable {
    case reply(Reply<CommandReply>)
    case send(SentMessage)
    /// As `send`; an outbox has it.
    case kept(SentMessage)
    case read(StreamKey)
    /// The client's own: nobody waits for its answer.
    case unasked
    case sourced(SourceRun, tag: UInt64)
  }

  /// A source while it is being pulled.
  ///
  /// `@unchecked Sendable`: touched on the engine's loop only.
  final class SourceRun: @unchecked Sendable {
    let source: any CommandSource
    let window: Int
    let done: Reply<Void>
    var unanswered = 0
    var isExhausted = false

    init(source: any CommandSource, window: Int, done: Reply<Void>) {
      self.source = source
      self.window = window
      self.done = done
    }
  }

  /// What other threads may ask for at any time.
  struct Shared: Sendable {
    var user: UserID?
    var isStarted = false
    var isOver = false
    var endedBy: ClientError?
  }

  let configuration: ClientConfiguration
  let loop: any EventLoop
  /// Nil: in clear.
  let tls: ClientTLS?
  let logger: Logger
  private let inbox = NIOLockedValueBox<[Work]>([])
  let shared = NIOLockedValueBox(Shared())

  var core: SessionCore
  var decoder = FrameDecoder()
  var channel: (any Channel)?
  var completions: [UInt64: Completion] = [:]
  var queries: [UInt64: Reply<ByteBuffer>] = [:]
  private var lastToken: UInt64 = 0
  var reads = ReadPositions()
  /// Nil where there is none, and once it is given back.
  var outbox: OutboxQueue?
  /// Of messages that count in their stream.
  var numbers = GaplessNumbers(origin: .random())
  var runs: [SourceRun] = []
  private var settling: [Reply<Void>] = []
  /// Who waits for the session's end.
  var ending: [Reply<Void>] = []
  /// Who waits until a closed client has given its outbox back.
  var closing: [Reply<Void>] = []
  var backoff: Backoff
  var retryBackoff: Backoff
  var starting: Reply<SessionInfo>?
  var startDeadline = NIODeadline.now()
  var renewal = TokenRenewal()
  /// Set once: no connection is tried after that.
  var isOver = false
  var lastError: DaybookError?
  var heartbeat: RepeatedTask?
  var deadline: Scheduled<Void>?
  var ackTimer: Scheduled<Void>?
  var retryTimer: Scheduled<Void>?
  /// The server has said to come no earlier with what it turned away.
  var retryNotBefore = NIODeadline.uptimeNanoseconds(0)
  var connectTimer: Scheduled<Void>?
  var renewTimer: Scheduled<Void>?
  var lastHeard = NIODeadline.now()
  /// What answers has spoken as Daybook does.
  var hasHeard = false
  private var isPerforming = false
  private(set) lazy var events = EventQueue(
    configuration.acknowledgement, waitingMax: configuration.bufferedEventsMax
  ) { [weak self] level in
    self?.submit(.ackDue(level))
  }

  init(
    _ configuration: ClientConfiguration, origin: Origin, loop: any EventLoop, tls: ClientTLS?
  ) {
    self.configuration = configuration
    self.loop = loop
    self.tls = tls
    logger = configuration.logger
    core = SessionCore(
      settings: SessionCore.Settings(
        token: configuration.token, clientName: configuration.clientName, origin: origin,
        firstNumber: configuration.firstNumber,
        inFlightMax: max(1, configuration.commandsInFlightMax),
        renewsToken: configuration.tokenProvider != nil,
        connection: configuration.connectionOptions.settings))
    backoff = Backoff(
      firstMilliseconds: configuration.reconnectFirst.wholeMilliseconds,
      maxMilliseconds: configuration.reconnectMax.wholeMilliseconds)
    retryBackoff = backoff
    // Made here, where no other thread can be yet.
    _ = events
  }

  /// From any thread; in order. What is submitted while the loop is busy is taken as one batch.
  func submit(_ work: Work) {
    let isFirst = inbox.withLockedValue { inbox in
      inbox.append(work)
      return inbox.count == 1
    }
    if isFirst { loop.execute { self.takeInbox() } }
  }

  private func takeInbox() {
    let works = inbox.withLockedValue { inbox in
      defer { inbox = [] }
      return inbox
    }
    for work in works { take(work) }
    core.flush()
    perform()
  }

  private func take(_ work: Work) {
    switch work {
    case .command(let body, let user, let traceID, .send(let message))
    where outbox != nil && body.isKept:
      keep(body, for: user, traceID, message)
    case .command(let body, let user, let traceID, let completion):
      issue(completion) { token in
        if configuration.ordering == .gapless, body.isKept, let stream = body.receiver {
          let (origin, number) = numbers.next(in: stream)
          let command = IssuedCommand(
            origin: origin, number: number, actingFor: user, body: body, isGapless: true,
            traceID: traceID)
          core.issue(command, token: token)
        } else {
          core.issue(body, actingFor: user, traceID: traceID, token: token)
        }
      }
    case .query(let type, let body, let reply):
      guard !isOver else { return reply.fail(overError) }
      queries[nextToken()] = reply
      core.query(lastToken, type, body: body)
    case .abandon(let reply):
      guard let id = queries.first(where: { $0.value === reply })?.key else { return }
      queries[id] = nil
      core.abandon(id)
    case .watch(let users): core.watch(users)
    case .typing(let conversation): core.typing(conversation)
    case .read(let conversation, let seq):
      if seq > .none, let seq = reads.want(conversation, upTo: seq) {
        sendRead(conversation, upTo: seq)
      }
      unmark(conversation)
    case .markedUnread(let conversations): core.markedUnread.formUnion(conversations)
    case .source(let source, let window, let done):
      guard !isOver else { return done.fail(overError) }
      let run = SourceRun(source: source, window: window, done: done)
      runs.append(run)
      pull(run)
    case .ackDue(let level): ackDue(level)
    case .outboxDone(let job, let bound, let stored, let removed):
      outboxDone(job, bound: bound, stored: stored, removed: removed)
    case .start(let reply): start(reply)
    case .token(let round, let outcome): gotToken(round, outcome)
    case .settled(let reply): settling.append(reply)
    case .ended(let reply): if isOver { reply.succeed(()) } else { ending.append(reply) }
    case .close(let reply): close(reply)
    }
  }

  func sendRead(_ conversation: StreamKey, upTo seq: Seq) {
    // What is acknowledged goes first, so that the sender hears of it in that order.
    sendAcks()
    issue(.read(conversation)) {
      core.issue(.read(conversation: conversation, upTo: seq), token: $0)
    }
  }

  /// A read of what was read before changes nothing, and so leaves the mark where it is.
  private func unmark(_ conversation: StreamKey) {
    guard core.markedUnread.remove(conversation) != nil else { return }
    let change = MarksChange(isUnread: false)
    issue(.unasked) { core.issue(.mark(conversation: conversation, change), token: $0) }
  }

  func nextToken() -> UInt64 {
    lastToken += 1
    return lastToken
  }

  func issue(_ completion: Completion, _ body: (UInt64) -> Void) {
    completions[nextToken()] = completion
    if isOver {
      answer(lastToken, .failure(overError))
    } else {
      body(lastToken)
    }
  }

  func pull(_ run: SourceRun) {
    while !run.isExhausted && run.unanswered < run.window {
      guard let (command, tag) = run.source.next() else {
        run.isExhausted = run.source.isExhausted
        assert(run.isExhausted || run.unanswered > 0, "nothing would ask this source again")
        break
      }
      run.unanswered += 1
      issue(.sourced(run, tag: tag)) { core.issue(command, token: $0) }
    }
    if run.isExhausted && run.unanswered == 0 {
      runs.removeAll { $0 === run }
      run.done.succeed(())
    }
  }

  var overError: DaybookError {
    lastError ?? DaybookError(.serverStopping, "the client was closed")
  }

  // MARK: actions

  /// Does what the core asks for, until it asks for nothing; then one write and one flush.
  func perform() {
    // An action that comes back here has its own actions done by the round that it is part of.
    guard !isPerforming else { return }
    isPerforming = true
    var outgoing: ByteBuffer?
    var items: [EventQueue.Item] = []
    while !core.actions.isEmpty {
      for action in core.takeActions() { perform(action, &outgoing, &items) }
      core.flush()
    }
    if let outgoing, let channel { channel.writeAndFlush(outgoing, promise: nil) }
    if !items.isEmpty { events.push(items) }
    isPerforming = false
    if isOver { conclude() }
    if (core.queue.isEmpty && outbox?.isEmpty != false) || isOver {
      for reply in settling { reply.succeed(()) }
      settling = []
    }
  }

  private func perform(
    _ action: SessionAction, _ outgoing: inout ByteBuffer?, _ items: inout [EventQueue.Item]
  ) {
    switch action {
    case .write(let request, let sequence):
      var buffer = outgoing ?? channel?.allocator.buffer(capacity: 16_384) ?? ByteBuffer()
      outgoing = nil
      request.writeFrame(sequence: sequence, to: &buffer)
      outgoing = buffer
    case .emit(let event, let point): items.append(EventQueue.Item(event: event, point: point))
    case .answer(let token, let outcome):
      if let update = answer(token, outcome) {
        items.append(EventQueue.Item(event: .status(update), point: nil))
      }
    case .queryAnswer(let id, let outcome) where id == renewal.query: renewed(outcome)
    case .queryAnswer(let id, let outcome):
      queries.removeValue(forKey: id)?.complete(outcome.mapError { ClientError($0) })
    case .opened(let interval, let token):
      opened(heartbeatMilliseconds: interval)
      renewal.lasts(token.lasts, until: token.until, from: .now())
      scheduleRenewal()
    case .ackNow: sendAcks()
    case .retryLater(let stated): scheduleRetry(after: stated)
    case .reconnect(let error): drop(error)
    case .stop(let error): stop(error)
    }
  }

  /// What was refused by nobody who counts has left a gap.
  private func abandonNumbers(of token: UInt64, _ outcome: Result<CommandReply, DaybookError>) {
    guard configuration.ordering == .gapless, !isOver, case .failure(let error) = outcome,
      !error.code.isTemporary, error.nextNumber == 0
    else { return }
    switch completions[token] {
    case .send(let message), .kept(let message):
      guard let stream = try? message.conversation.key() else { return }
      numbers.abandon(stream, for: .random())
    default: break
    }
  }

  /// Gives an answer to who asked; what the user is to be told of it.
  @discardableResult
  private func answer(
    _ token: UInt64, _ outcome: Result<CommandReply, DaybookError>
  ) -> StatusUpdate? {
    if case .success = outcome { retryBackoff.reset() }
    abandonNumbers(of: token, outcome)
    switch completions.removeValue(forKey: token) {
    case .reply(let reply): reply.complete(outcome.mapError { ClientError($0) })
    case .send(let message): return message.complete(outcome)
    case .kept(let message):
      // A session that is over answers everything with its error: that is no answer of the server.
      guard !isOver else { return message.complete(.failure(leftInOutbox)) }
      outbox?.answered(message.id)
      workOnOutbox()
      return message.complete(outcome)
    case .read(let conversation):
      if let seq = reads.answered(conversation) { sendRead(conversation, upTo: seq) }
    case .sourced(let run, let tag):
      run.unanswered -= 1
      // A session that is over answers everything with its error: that is no answer of the server.
      if isOver { run.isExhausted = true } else { run.source.answered(tag, outcome) }
      if isOver && run.unanswered == 0 {
        runs.removeAll { $0 === run }
        run.done.fail(overError)
      } else {
        pull(run)
      }
    case .unasked, nil: break
    }
    return nil
  }
}

extension SessionRequest {
  func writeFrame(sequence: UInt32, to buffer: inout ByteBuffer) {
    switch self {
    case .command(let command): command.writeFrame(sequence: sequence, to: &buffer)
    case .ack(let request): request.writeFrame(sequence: sequence, to: &buffer)
    case .bytes(let type, let body):
      buffer.writeFrame(type, sequence: sequence, body: body)
    }
  }
}

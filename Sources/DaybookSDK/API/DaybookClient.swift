import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import WireProtocol

/// A client of a Daybook server: sends, receives, and keeps both exact across lost connections.
///
///     let client = try DaybookClient(ClientConfiguration(server: "127.0.0.1:7000", token: token))
///     try await client.connect()
///     try client.send(text: "hello", to: .user("bob"))
///     for await event in client.events { … }
///
/// To the user of a client nothing comes twice and nothing is missing: commands keep their numbers
/// when they are sent again, events are recognised by their seq and fetched where one is missing.
/// What the application has not acknowledged when its process ends comes again in the next.
///
/// With `ClientConfiguration.outbox` messages survive the process too, and are stored once; what else
/// is unanswered when the process dies is not known to a later client.
///
/// A client lives for as long as somebody holds it, iterates its events or runs it. One that is dropped
/// says goodbye and ends, as by ``close()``.
///
/// All calls may come from any thread. Those that wait throw `cancelled` when their task is cancelled,
/// and `deadline_exceeded` when ``withDeadline(_:_:)`` or `ClientConfiguration.requestDeadline` says so;
/// a command that was given may be done all the same.
public final class DaybookClient: UserCommands, Sendable {
  let engine: ClientEngine
  private let lastSend: NIOLockedValueBox<UInt64>
  /// What earlier clients have left in the outbox, in order: it is sent once this one is connected, and
  /// told of as all that this client sends.
  public let unsent: [SentMessage]

  /// Connects to nothing yet; reads the outbox, and the files of TLS. Throws `invalid_argument` for an origin
  /// that isn't 1 to 32 bytes and for files of TLS that are of no use, and what the outbox throws.
  public init(_ configuration: ClientConfiguration) throws(ClientError) {
    var random = SystemRandomNumberGenerator()
    let bytes =
      configuration.origin ?? (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    guard let origin = Origin(bytes), configuration.firstNumber > 0 else {
      throw ClientError(.invalidArgument, "an origin has 1 to 32 bytes, and numbers begin at 1")
    }
    let loop = (configuration.eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton).next()
    var tls: ClientTLS?
    if let settings = configuration.tls {
      tls = try ClientTLS(settings, host: configuration.host)
    }
    engine = ClientEngine(configuration, origin: origin, loop: loop, tls: tls)
    guard let outbox = configuration.outbox else {
      (unsent, lastSend) = ([], NIOLockedValueBox(0))
      return
    }
    let contents = try outbox.load()
    do throws(ClientError) {
      unsent = try engine.take(contents)
    } catch {
      outbox.release()
      throw error
    }
    lastSend = NIOLockedValueBox(contents.nextNumber - 1)
  }

  deinit {
    if !engine.shared.withLockedValue(\.isOver) { engine.submit(.close(Reply())) }
  }

  /// Commands of the user, or service, that this client's token names.
  public var issuer: CommandIssuer { CommandIssuer(client: self, user: nil) }

  /// The id that the next message gets. With an outbox that is one more than any before it has had,
  /// in whichever process: so an application knows which of its own were never taken.
  public var nextSendID: UInt64 { lastSend.withLockedValue { $0 + 1 } }

  /// What happens, in order; for one consumer. Ends after `.connection(.closed)`.
  public var events: ClientEvents { ClientEvents(client: self) }

  /// The same, for who acknowledges each by itself (`Acknowledgement.manual`). Whoever takes from
  /// both finds each event in one of them only.
  public var deliveries: ClientDeliveries { ClientDeliveries(client: self) }

  /// The application has this message, and all that came before it in the user's mailbox or in the
  /// message's group. Of what was handed out only; a message of history changes nothing.
  public func acknowledge(_ message: IncomingMessage) {
    guard !message.isTransient, let key = try? message.conversation.key() else { return }
    engine.events.acknowledge(key.kind == .group ? key : nil, upTo: Seq(message.seq))
  }

  /// Opens the session. From then on the client reconnects by itself, until `close` or an error
  /// that trying again doesn't mend. Throws `unreachable`, `invalid_token`, `expired_token` and
  /// `foreign_token` among others; a client that could not connect is of no more use.
  @discardableResult
  public func connect() async throws(ClientError) -> SessionInfo {
    do throws(ClientError) {
      let reply = Reply<SessionInfo>()
      engine.submit(.start(reply))
      return try await reply.answer(on: engine.loop, within: nil)
    } catch {
      if error.code == .cancelled || error.code == .deadlineExceeded { await close() }
      throw error
    }
  }

  /// Connects, unless that was done, and returns when the session is over. When the task is cancelled,
  /// waits for `ClientConfiguration.shutdownDeadline` for the answers to what was sent, closes, and
  /// returns. Throws what ended the session for good.
  ///
  /// It has the shape of swift-service-lifecycle's `Service`; in the application,
  /// `extension DaybookClient: @retroactive Service {}` makes it one.
  public func run() async throws(ClientError) {
    do throws(ClientError) {
      if !engine.shared.withLockedValue(\.isStarted) { try await connect() }
      let ended = Reply<Void>()
      engine.submit(.ended(ended))
      try await ended.answer(on: engine.loop, within: nil)
    } catch {
      guard error.code == .cancelled else { throw error }
      await shutDown()
    }
    if let error = endedBy { throw error }
  }

  /// In a task of its own, for this one is cancelled.
  private func shutDown() async {
    let closing = Task {
      await withDeadline(engine.configuration.shutdownDeadline) { await settled() }
      await close()
    }
    await closing.value
  }

  /// Sends the acks that are due, says goodbye and ends. What is unanswered fails; what was not
  /// acknowledged comes again in the device's next session. An outbox may be given to another client
  /// after that.
  public func close() async {
    let reply = Reply<Void>()
    engine.submit(.close(reply))
    try? await reply.answer()
  }

  /// Waits until every command so far is answered: what was sent, and what was read. Returns at
  /// once when the session is over; and when the task is cancelled, or its deadline passes.
  public func settled() async {
    try? await ask { (reply: Reply<Void>) in ClientEngine.Work.settled(reply) }
  }

  /// The error that ended the session for good; nil before that, and after `close`.
  public var endedBy: ClientError? { engine.shared.withLockedValue { $0.endedBy } }

  /// Runs `body`, whose calls of clients, all together, wait no longer than `limit` for their answers:
  /// then they throw `deadline_exceeded`. Of two around one call the earlier counts.
  ///
  ///     let counts = try await client.withDeadline(.seconds(2)) { try await client.unread() }
  public func withDeadline<Answer, Failure: Error>(
    _ limit: Duration, _ body: () async throws(Failure) -> Answer
  ) async throws(Failure) -> Answer {
    let end = NIODeadline.now() + TimeAmount(limit)
    let sooner = CallDeadline.current.map { min($0, end) } ?? end
    let outcome: Result<Answer, Failure> = await CallDeadline.$current.withValue(sooner) {
      do throws(Failure) {
        return .success(try await body())
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  /// Runs `body`, whose commands carry this trace id: 32 hexadecimal digits, not all of them 0, as a
  /// `traceparent` has them (W3C Trace Context). The server's log shows it, and events keep it:
  /// `IncomingMessage.traceID`. Throws `invalid_argument` for what is none.
  public func withTraceID<Answer>(
    _ traceID: String, _ body: () async throws -> Answer
  ) async throws -> Answer {
    guard let id = TraceID(hexadecimal: traceID) else {
      throw ClientError(
        .invalidArgument, "a trace id has 32 hexadecimal digits, of which one at least is not 0")
    }
    return try await CallTrace.$current.withValue(id) { try await body() }
  }

  // MARK: bulk

  /// Pulls commands from the source, at most `window` of them unanswered, until it is exhausted and
  /// all are answered, across reconnects. Throws if the session ends before.
  package func run(_ source: any CommandSource, window: Int) async throws(ClientError) {
    let done = Reply<Void>()
    engine.submit(.source(source, window: max(1, window), done))
    try await done.answer()
  }

  // MARK: inner ways

  /// Counted and handed over as one, so that ids rise in the order of sending.
  func dispatch(
    _ body: IssuedCommand.Body, for user: UserID?, to conversation: Conversation
  ) -> SentMessage {
    lastSend.withLockedValue { last in
      last += 1
      let isKept = engine.configuration.outbox != nil && body.isKept
      let sent = SentMessage(
        id: last, conversation: conversation, loop: engine.loop,
        limit: engine.configuration.requestDeadline, kept: isKept ? nil : .success(()))
      engine.submit(.command(body, for: user, CallTrace.current, .send(sent)))
      return sent
    }
  }

  func command(
    _ body: IssuedCommand.Body, for user: UserID?
  ) async throws(ClientError) -> CommandReply {
    let traceID = CallTrace.current
    return try await ask { ClientEngine.Work.command(body, for: user, traceID, .reply($0)) }
  }

  func ask<Answer: Sendable>(
    _ work: (Reply<Answer>) -> ClientEngine.Work
  ) async throws(ClientError) -> Answer {
    let reply = Reply<Answer>()
    engine.submit(work(reply))
    return try await reply.answer(on: engine.loop, within: engine.configuration.requestDeadline)
  }
}

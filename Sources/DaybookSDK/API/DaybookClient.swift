import DaybookModel
import NIOConcurrencyHelpers
package import NIOCore
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
/// What is unanswered when the process dies is not known to a later client.
public final class DaybookClient: Sendable {
  let engine: ClientEngine
  private let lastSend = NIOLockedValueBox<UInt64>(0)

  /// Throws `invalid_argument` for an origin that isn't 1 to 32 bytes.
  public convenience init(_ configuration: ClientConfiguration) throws(ClientError) {
    try self.init(configuration, loop: MultiThreadedEventLoopGroup.singleton.next())
  }

  package init(
    _ configuration: ClientConfiguration, loop: any EventLoop
  ) throws(ClientError) {
    var random = SystemRandomNumberGenerator()
    let bytes =
      configuration.origin ?? (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    guard let origin = Origin(bytes), configuration.firstNumber > 0 else {
      throw ClientError(.invalidArgument, "an origin has 1 to 32 bytes, and numbers begin at 1")
    }
    engine = ClientEngine(configuration, origin: origin, loop: loop)
  }

  /// What happens, in order; for one consumer. Ends after `.connection(.closed)`.
  public var events: ClientEvents { ClientEvents(queue: engine.events) }

  /// The same, for who acknowledges each by itself (`Acknowledgement.manual`). Whoever takes from
  /// both finds each event in one of them only.
  public var deliveries: ClientDeliveries { ClientDeliveries(queue: engine.events) }

  /// The application has this message, and all that came before it in the user's mailbox or in the
  /// message's group. Of what was handed out only; a message of history changes nothing.
  public func acknowledge(_ message: IncomingMessage) {
    guard !message.isTransient, let key = try? message.conversation.key() else { return }
    engine.events.acknowledge(key.kind == .group ? key : nil, upTo: Seq(message.seq))
  }

  /// Opens the session. From then on the client reconnects by itself, until `close` or an error
  /// that trying again doesn't mend. Throws `ClientError`, among them `unreachable`,
  /// `invalid_token`, `expired_token`, `foreign_token`.
  @discardableResult
  public func connect() async throws -> SessionInfo {
    try await ask { ClientEngine.Work.start($0) }
  }

  /// Sends the acks that are due, says goodbye and ends. What is unanswered fails; what was not
  /// acknowledged comes again in the device's next session.
  public func close() async {
    try? await ask { (promise: EventLoopPromise<Void>) in ClientEngine.Work.close(promise) }
  }

  /// Waits until every command so far is answered: what was sent, and what was read. Returns at
  /// once when the session is over.
  public func settled() async {
    try? await ask { (promise: EventLoopPromise<Void>) in ClientEngine.Work.settled(promise) }
  }

  /// The error that ended the session for good; nil before that, and after `close`.
  public var endedBy: ClientError? { engine.endedBy.withLockedValue { $0 } }

  // MARK: bulk

  /// Pulls commands from the source, at most `window` of them unanswered, until it is exhausted and
  /// all are answered, across reconnects. Throws `ClientError` if the session ends before.
  package func run(_ source: any CommandSource, window: Int) async throws {
    try await ask { (promise: EventLoopPromise<Void>) in
      ClientEngine.Work.source(source, window: max(1, window), promise)
    }
  }

  // MARK: inner ways

  /// Counted and handed over as one, so that ids rise in the order of sending.
  func dispatch(_ body: IssuedCommand.Body, to conversation: Conversation) -> SentMessage {
    let promise = engine.loop.makePromise(of: StoredMessage.self)
    return lastSend.withLockedValue { last in
      last += 1
      let sent = SentMessage(id: last, conversation: conversation, promise: promise)
      engine.submit(.command(body, .send(sent)))
      return sent
    }
  }

  func command(_ body: IssuedCommand.Body) async throws -> CommandReply {
    try await ask { ClientEngine.Work.command(body, .reply($0)) }
  }

  func ask<Answer: Sendable>(
    _ work: (EventLoopPromise<Answer>) -> ClientEngine.Work
  ) async throws -> Answer {
    let promise = engine.loop.makePromise(of: Answer.self)
    engine.submit(work(promise))
    do {
      return try await promise.futureResult.get()
    } catch {
      throw ClientError(wrapping: error)
    }
  }
}

package import DaybookModel
import DaybookSchema
package import NIOCore
import SwiftProtobuf
package import WireProtocol

/// A session's state machine: frames and requests in, actions out. No sockets, clocks or threads.
///
/// It outlives connections: after `connectionLost` and a new `opened`, what was unanswered goes out
/// again under the same numbers, and what was received before is recognised by its seq.
package struct SessionCore: Sendable {
  package enum Phase: Sendable, Equatable { case offline, connecting, online }

  package struct Settings: Sendable {
    package var token: String
    package var clientName: String
    package var origin: Origin
    package var firstNumber: UInt64
    package var inFlightMax: Int
    /// Whoever runs this session has another token when this one has expired.
    package var renewsToken: Bool
    package var connection: ConnectionSettings

    package init(
      token: String, clientName: String, origin: Origin, firstNumber: UInt64, inFlightMax: Int,
      renewsToken: Bool = false, connection: ConnectionSettings = ConnectionSettings()
    ) {
      self.connection = connection
      self.renewsToken = renewsToken
      self.token = token
      self.clientName = clientName
      self.origin = origin
      self.firstNumber = firstNumber
      self.inFlightMax = inFlightMax
    }
  }

  /// What a request was for, by the sequence of its frame.
  enum Call: Sendable {
    case connect
    case fetch(StreamKey)
    case query(UInt64)
    case watch
  }

  struct Query: Sendable {
    var type: FrameType
    var body: ByteBuffer
  }

  package var settings: Settings
  package internal(set) var phase = Phase.offline
  package internal(set) var info: SessionInfo?
  var user: UserID?
  var bounds: CommandQueue.Bounds
  /// Of each stream, so many events come that are not acked; 0: the server didn't say.
  package internal(set) var windowEvents = 0
  private var lastSequence: UInt32 = 0
  private var nextNumber: UInt64
  var calls: [UInt32: Call] = [:]
  var queries: [UInt64: Query] = [:]
  package internal(set) var queue = CommandQueue()
  /// Whom each unanswered direct send of this user is for, by its token.
  var sends: [UInt64: UserID] = [:]
  var streams: [StreamKey: StreamTracker<Event?>] = [:]
  /// The application has no room for events.
  package private(set) var isHoldingBack = false
  /// Streams that wait for their turn to be fetched.
  var gapped: Set<StreamKey> = []
  var fetchesInFlight = 0
  /// Everything from before the session was pushed; some of it may have to be fetched yet.
  var isCaughtUpDue = false
  var board = DeliveryBoard()
  /// Whose coming and going the user wants to be told, in every session.
  var watched: Set<String> = []
  /// Conversations that the user has marked as unread, as far as this client was told.
  package var markedUnread: Set<StreamKey> = []
  /// The server has said when to come again with what it turned away: nothing goes out before that, on
  /// whatever connection.
  private var isPaused = false
  /// The user knows that commands are turned away for the time being.
  var isDelayed = false
  /// A connection was given up whose Connect may still be on its way: should it arrive after a later
  /// one, it is the client itself that has replaced its session.
  var hasAbandonedConnect = false
  /// Since the session opened, while that is so.
  private var heartbeats = 0
  /// After so many heartbeats no Connect is still on its way.
  private static let abandonedHeartbeats = 2
  package internal(set) var actions: [SessionAction] = []

  package init(settings: Settings) {
    self.settings = settings
    nextNumber = settings.firstNumber
    bounds = CommandQueue.Bounds(inFlightMax: settings.inFlightMax, numberSpanMax: 1)
  }

  /// What is to be done now, in order.
  package mutating func takeActions() -> [SessionAction] {
    defer { actions.removeAll(keepingCapacity: true) }
    return actions
  }

  // MARK: connection

  /// A connection is there: asks for the session.
  package mutating func opened() {
    phase = .connecting
    lastSequence = 0
    heartbeats = 0
    let request = Daybook_V1_ConnectRequest.with {
      $0.token = settings.token
      $0.client = settings.clientName
      $0.origin.append(contentsOf: settings.origin.bytes)
      if settings.connection != ConnectionSettings() { $0.settings = settings.connection.message }
    }
    call(.connect, .connect, body: ByteBuffer(bytes: request.wireBytes()))
  }

  package mutating func connectionLost() {
    if phase == .connecting { hasAbandonedConnect = true }
    phase = .offline
    calls.removeAll()
    gapped.removeAll()
    fetchesInFlight = 0
    isCaughtUpDue = false
    queue.connectionLost()
  }

  /// The session ends for good: everything unanswered fails with this.
  package mutating func end(_ error: DaybookError) {
    connectionLost()
    for token in queue.removeAll() {
      sends[token] = nil
      actions.append(.answer(token: token, .failure(error)))
    }
    for id in queries.keys.sorted() { actions.append(.queryAnswer(id: id, .failure(error))) }
    queries.removeAll()
  }

  /// Tells the user of something in its place among the events.
  package mutating func note(_ event: ClientEvent) { actions.append(.emit(event, nil)) }

  // MARK: requests

  /// A command under the session's own origin and next number.
  package mutating func issue(
    _ body: IssuedCommand.Body, actingFor user: UserID? = nil, traceID: TraceID? = nil,
    token: UInt64
  ) {
    issue(
      IssuedCommand(number: nextNumber, actingFor: user, body: body, traceID: traceID),
      token: token)
    nextNumber += 1
  }

  /// A command under its own origin and number. It goes out at the next `flush`.
  package mutating func issue(_ command: IssuedCommand, token: UInt64) {
    // A service, which acts for others, is told nothing of what becomes of a message.
    if command.actingFor == nil, let peer = command.body.followedReceiver {
      sends[token] = peer
      board.sending(to: peer)
    }
    // Known at once, so that a read right behind it takes it back.
    if case .mark(let conversation, let change) = command.body, change.isUnread == true {
      markedUnread.insert(conversation)
    }
    queue.append(command, token: token)
  }

  /// Sends what may go out.
  package mutating func flush() {
    guard phase == .online, !isPaused else { return }
    while let command = queue.next(sequence: lastSequence &+ 1, within: bounds) {
      actions.append(.write(.command(command), sequence: nextSequence()))
    }
  }

  /// Tries again what the server turned away for the time being.
  package mutating func retryTurnedAway() {
    isPaused = false
    guard phase == .online else { return }
    var last = lastSequence
    let again = queue.retry {
      last &+= 1
      return last
    }
    lastSequence = last
    for (sequence, command) in again {
      actions.append(.write(.command(command), sequence: sequence))
    }
    flush()
  }

  /// The server turned something away until then.
  mutating func turnedAway(until retryAfter: Duration?) {
    if retryAfter != nil { isPaused = true }
    actions.append(.retryLater(after: retryAfter))
  }

  /// A question; answered through `queryAnswer` under this id. Asked again after a reconnect.
  package mutating func query(_ id: UInt64, _ type: FrameType, body: ByteBuffer) {
    queries[id] = Query(type: type, body: body)
    if phase == .online { call(.query(id), type, body: body) }
  }

  /// Nobody waits for the answer any more.
  package mutating func abandon(_ id: UInt64) { queries[id] = nil }

  /// Remembers whom to watch again in a later session; the question itself is a query.
  package mutating func watch(_ users: [String]) { watched.formUnion(users) }

  /// The application has no room: events of streams are passed over, to be fetched once it has. Of
  /// each the server sends no more than a window, for none of them is acked. Answers go on.
  package mutating func holdBack() { isHoldingBack = true }

  /// There is room again: what was passed over is fetched.
  package mutating func resume() {
    isHoldingBack = false
    for (stream, tracker) in streams where tracker.hasGap { gapped.insert(stream) }
    fetchGaps()
  }

  /// The user is done with a stream's events up to here.
  package mutating func handed(_ stream: StreamKey, upTo seq: Seq) {
    guard var tracker = streams[stream] else { return }
    tracker.handed = max(tracker.handed, seq)
    streams[stream] = tracker
    acknowledge(stream)
  }

  mutating func acknowledge(_ stream: StreamKey) {
    guard phase == .online, var tracker = streams[stream], tracker.handed > tracker.acked
    else { return }
    tracker.acked = tracker.handed
    streams[stream] = tracker
    actions.append(
      .write(.ack(AckRequest(stream: stream, upTo: tracker.handed)), sequence: nextSequence()))
  }

  package mutating func heartbeat() {
    guard phase == .online else { return }
    heartbeats += 1
    if heartbeats >= SessionCore.abandonedHeartbeats { hasAbandonedConnect = false }
    actions.append(.write(.bytes(.heartbeat, ByteBuffer()), sequence: nextSequence()))
  }

  /// Not kept for a later connection: typing is now or never.
  package mutating func typing(_ conversation: StreamKey) {
    guard phase == .online else { return }
    let request = Daybook_V1_TypingRequest.with { $0.conversation = conversation.text }
    let body = ByteBuffer(bytes: request.wireBytes())
    actions.append(.write(.bytes(.typing, body), sequence: nextSequence()))
  }

  package mutating func disconnect() {
    guard phase == .online else { return }
    actions.append(.write(.bytes(.disconnect, ByteBuffer()), sequence: nextSequence()))
  }

  mutating func call(_ call: Call, _ type: FrameType, body: ByteBuffer) {
    let sequence = nextSequence()
    calls[sequence] = call
    actions.append(.write(.bytes(type, body), sequence: sequence))
  }

  private mutating func nextSequence() -> UInt32 {
    lastSequence &+= 1
    return lastSequence
  }
}

/// What a session wants done.
package enum SessionAction: Sendable {
  case write(SessionRequest, sequence: UInt32)
  /// Tell the user; then, and not before, the stream counts as handed on up to the seq.
  case emit(ClientEvent?, AckPoint?)
  case answer(token: UInt64, Result<CommandReply, DaybookError>)
  case queryAnswer(id: UInt64, Result<ByteBuffer, DaybookError>)
  /// The session is open; heartbeats are due at this interval.
  /// `token` is for how many milliseconds the token lasts, 0 where the server does not say, and until
  /// when, by the server's clock.
  case opened(heartbeatMilliseconds: UInt32, token: (lasts: UInt64, until: UInt64))
  /// The server waits for an ack: what is due goes out without delay.
  case ackNow
  /// Commands were turned away: call `retryTurnedAway` after a while, and no earlier than the server says.
  case retryLater(after: Duration?)
  /// This connection is of no more use.
  case reconnect(DaybookError)
  /// No connection ever will be.
  case stop(DaybookError)
}

package enum SessionRequest: Sendable, Equatable {
  case command(IssuedCommand)
  case ack(AckRequest)
  case bytes(FrameType, ByteBuffer)
}

package struct AckPoint: Sendable, Equatable {
  package var stream: StreamKey
  package var seq: Seq
}

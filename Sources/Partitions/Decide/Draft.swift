import DaybookModel
import Ports

/// The parts of an event that don't depend on what it says, and what bears on every decision.
struct Draft {
  let stream: StreamKey
  let actor: Actor
  /// What the event is recorded at: never before the one before it.
  let now: Timestamp
  let wallClock: Timestamp
  let policy: DecisionPolicy
  let traceID: TraceID?
  var id: CommandID?

  init(
    _ command: borrowing Command, now: Timestamp, wallClock: Timestamp, policy: DecisionPolicy
  ) {
    stream = command.stream
    actor = command.actor
    self.now = now
    self.wallClock = wallClock
    self.policy = policy
    traceID = command.traceID
  }

  /// An event, and the answer that it leads to. It takes the seq after `head` if its kind has one.
  func append(
    _ body: Event.Body, after head: Seq, messageID: MessageID = .none, pending: Bool = false,
    position: StreamPosition? = nil
  ) -> Decision {
    let kind = Event(stream: stream, recordedAt: now, actor: actor, body: body).kind
    return append(
      body, seq: kind.takesSeq(in: stream.kind) ? head.next : .none, messageID: messageID,
      pending: pending, position: position)
  }

  /// The same, for frequent kinds: of these the caller knows whether they take a seq.
  func append(
    _ body: Event.Body, seq: Seq, messageID: MessageID = .none, pending: Bool = false,
    position: StreamPosition? = nil
  ) -> Decision {
    .append(
      Event(
        stream: stream, seq: seq, messageID: messageID, recordedAt: now, actor: actor, command: id,
        traceID: traceID, body: body),
      position.map { .position($0) }
        ?? .done(
          CommandResult(messageID: messageID, seq: seq, recordedAt: now, pending: pending)))
  }

  /// Accepted, with nothing to do. A retry must find that out again, so a numbered command
  /// leaves a note.
  func nothingToDo(pending: Bool = false) -> Decision {
    let outcome = CommandOutcome.done(
      CommandResult(recordedAt: now, changed: false, pending: pending))
    guard id != nil else { return .answer(outcome) }
    return .append(note(id), outcome)
  }

  private func note(_ id: CommandID?) -> Event {
    Event(
      stream: stream, recordedAt: now, actor: actor, command: id, traceID: traceID, body: .noted)
  }

  /// Refused for good. The number is its stream's own, and taken: nobody has to find another use for it
  /// before those behind it can go on.
  func refuse(_ error: DaybookError, _ id: CommandID) -> Decision {
    var id = id
    id.refusal = error.code.number
    return .refuse(
      note(id),
      DaybookError(error.code, error.message, nextNumber: id.number + 1, cause: error.cause))
  }

  /// What is only pushed, not logged; `reaches` says whether anybody is to see it.
  func pushed(reaches: Bool) -> Decision {
    .answer(.done(CommandResult(recordedAt: now, changed: reaches, isStored: false)))
  }

  /// What only tells of state.
  func tell(_ position: StreamPosition) -> Decision { .answer(.position(position)) }

  /// The same, where the answer is yes.
  func tell() -> Decision { .answer(.done(CommandResult(recordedAt: now, changed: false))) }
}

extension DaybookError {
  static func numberGap(_ next: UInt64, in stream: StreamKey) -> DaybookError {
    DaybookError(
      .numberGap, "number \(next) of this origin in \(stream) is missing: send that first",
      nextNumber: next)
  }
}

extension Decision {
  static func reject(_ code: ErrorCode, _ message: @autoclosure () -> String) -> Decision {
    .reject(DaybookError(code, message()))
  }

  /// Who knows a position past the head has seen a log that this one has lost.
  static func ackPastHead(_ stream: StreamKey, _ seq: Seq, _ head: Seq) -> Decision {
    .reject(DaybookError.ackPastHead(stream, seq, head))
  }

  static func pastHead(_ stream: StreamKey, _ seq: Seq, _ head: Seq) -> Decision {
    .reject(.seqPastHead, "\(stream) ends at seq \(head), before \(seq)")
  }

  static func unknownDevice(_ stream: StreamKey) -> Decision {
    .reject(.unknownDevice, "this device does not follow \(stream)")
  }

  static func namesNoUser() -> Decision {
    .reject(.invalidRequest, "the command names no user: say acting_for")
  }
}

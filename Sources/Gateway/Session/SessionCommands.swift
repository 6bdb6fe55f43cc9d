import DaybookModel
import NIOCore
import Ports
import Requests
import WireProtocol

/// A request that is a command, while it is on its way.
struct AskedCommand {
  let sequence: UInt32
  let type: FrameTypeOfRequest
  let issuer: Issuer
}

/// Commands: what they ask for is told by `CommandRequests`; here they are kept in order, and their
/// answers come back.
extension SessionMachine {
  mutating func command(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try CommandRequests.parse(
      frame.type, frame.body, by: try connected(), now: clock.now())
    guard heldBack.isEmpty || heldBack.mayPass(request.issuer.issued, uptime: clock.uptime()) else {
      throw HeldBack.outOfTurn
    }
    let asked = AskedCommand(
      sequence: frame.sequence, type: frame.type.rawValue, issuer: request.issuer)
    switch request.step {
    case .submit(let stream, let body):
      // What is read was received: it is to be known in that order.
      if case .read = body { acks.flush(stream, by: actor, registration, &output) }
      submit(asked, stream, body, &output)
    case .find(let command): resolve(command, for: asked, &output)
    }
  }

  mutating func submit(
    _ asked: AskedCommand, _ stream: StreamKey, _ body: Command.Body,
    _ output: inout SessionOutput
  ) {
    inFlight += 1
    var kind = CommandPurpose.Kind.reply(asked.type)
    if case .sendTransient(let message) = body {
      let event = Event(
        stream: stream, recordedAt: .none, actor: asked.issuer.actor, body: .messageSent(message))
      kind = .transient(event, asked.type)
    }
    output.actions.append(
      .submit(
        asked.issuer.command(stream, body, observed: observed),
        CommandPurpose(
          sequence: asked.sequence, kind: kind, hidesSeq: !asked.issuer.seesSeq(of: stream))))
  }

  /// The session was sent this id. What is past 63 bits, from a clock that was, is above every other.
  mutating func observe(_ id: MessageID) {
    if id.isInRange { observed = max(observed, id) }
  }

  // MARK: answers

  mutating func answered(
    _ purpose: CommandPurpose, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) {
    switch purpose.kind {
    case .reply, .transient: inFlight -= 1
    default: break
    }
    guard !isClosed else { return }
    switch (purpose.kind, outcome) {
    case (.reply(let type), .success(.done(let result))):
      reply(result, to: type, purpose, &output)
    case (.transient(let event, let type), .success(.done(let result))):
      pushed(event, result, to: type, purpose, &output)
    case (.reply, .success(let other)), (.transient, .success(let other)):
      unexpected(other, sequence: purpose.sequence, &output)
    case (.ack, .success), (.note, _): break
    case (.open(let stream), .success(let outcome)): opened(stream, outcome, &output)
    case (.open(let stream), .failure(let error)): openFailed(stream, error, &output)
    case (.resume(let stream), let outcome): resumed(stream, outcome, &output)
    case (.inspect(let query), let outcome):
      guard let requester else { return }
      queries.inspected(query, outcome, sequence: purpose.sequence, for: requester, &output)
    case (.locate, let outcome): located(outcome, &output)
    case (.typing(let conversation), .success): mayType(in: conversation, &output)
    case (.typing, .failure): break
    case (.contact(let other), let outcome):
      contactKnown(other, outcome, sequence: purpose.sequence, &output)
    case (.reply, .failure(let error)), (.transient, .failure(let error)),
      (.ack, .failure(let error)):
      output.error(error, sequence: purpose.sequence)
    }
  }

  private mutating func reply(
    _ result: CommandResult, to type: FrameTypeOfRequest, _ purpose: CommandPurpose,
    _ output: inout SessionOutput
  ) {
    observe(result.messageID)
    output.reply(
      CommandReply(result, seesSeq: !purpose.hidesSeq), to: type, sequence: purpose.sequence)
  }

  private func unexpected(
    _ outcome: CommandOutcome, sequence: UInt32, _ output: inout SessionOutput
  ) {
    do throws(DaybookError) {
      _ = try outcome.result()
    } catch {
      output.error(error, sequence: sequence)
    }
  }

  /// Whoever is blocked, where that is hidden, hears the same as all others: `changed` is for the
  /// session alone.
  private mutating func pushed(
    _ event: Event, _ result: CommandResult, to type: FrameTypeOfRequest,
    _ purpose: CommandPurpose, _ output: inout SessionOutput
  ) {
    var event = event
    event.recordedAt = result.recordedAt
    output.actions.append(.pushTransient(event, isWithheld: !result.changed))
    var told = result
    told.changed = true
    reply(told, to: type, purpose, &output)
  }
}

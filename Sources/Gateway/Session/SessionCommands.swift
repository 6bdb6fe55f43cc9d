import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// What all commands have in common: who issues them, under which number, and how their answers
/// come back.
extension SessionMachine {
  /// Who issued a command, as whom, and which request it was.
  struct IssuedBy {
    var sequence: UInt32
    var type: FrameTypeOfRequest
    var actor: Actor
    var id: NumberedOrigin

    var issued: IssuedNumber {
      IssuedNumber(IssuedOrigin(id.origin, by: actor), number: id.number)
    }

    /// Every command's actor has one.
    var user: UserID {
      guard let user = actor.user else { preconditionFailure("a command without a user") }
      return user
    }
  }

  /// Throws what is wrong with the context, before anything is asked or submitted.
  mutating func issuer(
    of frame: Frame, _ context: CommandContext
  ) throws(DaybookError) -> IssuedBy {
    let actor = try actor(context)
    guard context.number > 0 else {
      throw DaybookError(.invalidRequest, "a command has a number from 1 on: set context.number")
    }
    guard let origin = context.origin ?? origin else {
      throw DaybookError(
        .invalidRequest, "a command has an origin: set it in Connect or in the command's context")
    }
    let issuer = IssuedBy(
      sequence: frame.sequence, type: frame.type.rawValue, actor: actor,
      id: NumberedOrigin(origin: origin, number: context.number))
    guard heldBack.isEmpty || heldBack.mayPass(issuer.issued, uptime: clock.uptime()) else {
      throw HeldBack.outOfTurn
    }
    return issuer
  }

  mutating func issuer(
    of frame: Frame, _ context: Daybook_V1_CommandContext
  ) throws(DaybookError) -> IssuedBy {
    try issuer(of: frame, try CommandContext(context))
  }

  mutating func submit(
    _ issuer: IssuedBy, _ stream: StreamKey, _ body: Command.Body, _ output: inout SessionOutput
  ) {
    inFlight += 1
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: issuer.actor, id: issuer.id, observed: observed, body: body),
        CommandPurpose(
          sequence: issuer.sequence, kind: .reply(issuer.type),
          hidesSeq: stream.kind == .user && stream != .user(issuer.user))))
  }

  /// The session was sent this id. What is past 63 bits, from a clock that was, is above every other.
  mutating func observe(_ id: MessageID) {
    if id.isInRange { observed = max(observed, id) }
  }

  /// Who acts: the session's user, or the one whom a service acts for.
  private func actor(_ context: CommandContext) throws(DaybookError) -> Actor {
    switch principal {
    case .device:
      guard context.actingFor == nil else {
        throw DaybookError(.notPermitted, "only a service may act for a user: leave out acting_for")
      }
      return actor
    case .service(let service):
      guard let user = context.actingFor else {
        throw DaybookError(
          .invalidRequest, "a service's command acts for a user: set context.acting_for")
      }
      return Actor(user: user, service: service)
    case nil: throw DaybookError(.outOfOrderFrame, "connect first")
    }
  }

  // MARK: answers

  mutating func answered(
    _ purpose: CommandPurpose, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) {
    switch purpose.kind {
    case .reply, .transient: inFlight -= 1
    case .inspect: queriesInFlight -= 1
    default: break
    }
    guard !isClosed else { return }
    switch (purpose.kind, outcome) {
    case (.reply(let type), .success(.done(var result))):
      if purpose.hidesSeq { result.seq = .none }
      reply(result, to: type, sequence: purpose.sequence, &output)
    case (.transient(let event, let type), .success(.done(let result))):
      pushed(event, result, to: type, sequence: purpose.sequence, &output)
    case (.reply, .success(let other)), (.transient, .success(let other)):
      unexpected(other, sequence: purpose.sequence, &output)
    case (.ack, .success), (.note, _): break
    case (.open(let stream), .success(let outcome)): opened(stream, outcome, &output)
    case (.open(let stream), .failure(let error)): openFailed(stream, error, &output)
    case (.resume(let stream), let outcome): resumed(stream, outcome, &output)
    case (.inspect(let query), .success(let outcome)):
      inspected(query, outcome, sequence: purpose.sequence, &output)
    case (.inspect(let query), .failure(let error)):
      inspectionFailed(query, error, sequence: purpose.sequence, &output)
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
    _ result: CommandResult, to type: FrameTypeOfRequest, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    observe(result.messageID)
    output.reply(
      CommandReply(
        messageID: result.messageID, seq: result.seq, recordedAt: result.recordedAt,
        durability: result.isStored ? CommandReply.synced : CommandReply.notStored,
        repeated: result.repeated, changed: result.changed, pending: result.pending),
      to: type, sequence: sequence)
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
    _ event: Event, _ result: CommandResult, to type: FrameTypeOfRequest, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    var event = event
    event.recordedAt = result.recordedAt
    output.actions.append(.pushTransient(event, isWithheld: !result.changed))
    var told = result
    told.changed = true
    reply(told, to: type, sequence: sequence, &output)
  }
}

extension String {
  /// What every screen and every file can show as it is.
  var isPrintable: Bool { isPrintable(apartFrom: []) }

  func isPrintable(apartFrom allowed: Set<Unicode.Scalar>) -> Bool {
    unicodeScalars.allSatisfy { $0.properties.generalCategory != .control || allowed.contains($0) }
  }
}

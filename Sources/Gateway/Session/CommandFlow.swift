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

/// Commands, in their order, and their answers. What a command asks for is told by `CommandRequests`.
/// For one about a message, the message is looked for first, and what comes behind it waits. A user's
/// session takes nothing else meanwhile; a service's, which brings very many, goes on to look for the
/// messages of those behind it.
struct CommandFlow {
  /// A command that waits for its message, or for those before it.
  private struct WaitingCommand {
    enum State {
      case finding(MessageCommand)
      case ready(StreamKey, Command.Body)
      case failed(MessageCommand, DaybookError)
    }

    let asked: AskedCommand
    var state: State
  }

  private let inFlightMax: Int
  private let looksAhead: Bool
  private var inFlight = 0
  /// In their order; the first is one whose message is being looked for.
  private var waiting = CircularBuffer<WaitingCommand>()
  /// Commands that were turned away before their owner, who keeps their order, knew of them.
  private var heldBack = HeldBack()
  /// The highest message id that this session was sent: answers to its commands are above it.
  private var observed = MessageID.none

  init(inFlightMax: Int, looksAhead: Bool) {
    self.inFlightMax = inFlightMax
    self.looksAhead = looksAhead
  }

  /// Frames wait while a command waits for the message that it is about, so that none overtakes it,
  /// and while too much is unanswered.
  var takesFrames: Bool {
    (waiting.isEmpty || looksAhead) && inFlight + waiting.count < inFlightMax
  }

  /// The session was sent this id. What is past 63 bits, from a clock that was, is above every other.
  mutating func observe(_ id: MessageID) {
    if id.isInRange { observed = max(observed, id) }
  }

  // MARK: requests

  /// Throws what tells a client to send this command, and what is behind it, once more.
  mutating func admit(
    _ issuer: Issuer, uptime: @autoclosure () -> Timestamp
  ) throws(DaybookError) {
    // What waits is asked when its turn comes.
    guard waiting.isEmpty, !heldBack.isEmpty else { return }
    guard heldBack.mayPass(issuer.issued, uptime: uptime()) else { throw HeldBack.outOfTurn }
  }

  /// Of what was admitted.
  mutating func take(
    _ step: CommandRequest.Step, for asked: AskedCommand, _ output: inout SessionOutput
  ) {
    switch step {
    case .submit(let stream, let body) where waiting.isEmpty:
      submit(asked, stream, body, &output)
    case .submit(let stream, let body):
      waiting.append(WaitingCommand(asked: asked, state: .ready(stream, body)))
    case .find(let command): find(command, for: asked, &output)
    }
  }

  private mutating func submit(
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

  // MARK: answers

  /// To what was submitted for the client, by a request of this type.
  mutating func answered(
    _ purpose: CommandPurpose, _ type: FrameTypeOfRequest,
    _ outcome: Result<CommandOutcome, DaybookError>, _ output: inout SessionOutput
  ) {
    inFlight -= 1
    do throws(DaybookError) {
      reply(try outcome.get().result(), to: type, purpose, &output)
    } catch {
      output.error(error, sequence: purpose.sequence)
    }
  }

  /// The same, for a transient message, which is then pushed. Whoever is blocked, where that is hidden,
  /// hears the same as all others: `changed` is for the session alone.
  mutating func answered(
    _ purpose: CommandPurpose, _ type: FrameTypeOfRequest, pushing event: Event,
    _ outcome: Result<CommandOutcome, DaybookError>, _ output: inout SessionOutput
  ) {
    inFlight -= 1
    do throws(DaybookError) {
      var result = try outcome.get().result()
      var event = event
      event.recordedAt = result.recordedAt
      output.actions.append(.pushTransient(event, isWithheld: !result.changed))
      result.changed = true
      reply(result, to: type, purpose, &output)
    } catch {
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

  // MARK: finding messages

  private mutating func find(
    _ command: MessageCommand, for asked: AskedCommand, _ output: inout SessionOutput
  ) {
    waiting.append(WaitingCommand(asked: asked, state: .finding(command)))
    guard let (stream, peer) = command.inspection else {
      return look(for: command, sequence: asked.sequence, &output)
    }
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: asked.issuer.actor, id: nil, body: .inspect(peer: peer)),
        CommandPurpose(sequence: asked.sequence, kind: .locate)))
  }

  private func look(
    for command: MessageCommand, sequence: UInt32, _ output: inout SessionOutput
  ) {
    output.actions.append(
      .resolve(command.name, reading: command.reading, sequence: sequence))
  }

  /// Which of those that wait for their message has this sequence.
  private func finding(_ sequence: UInt32) -> (index: Int, command: MessageCommand)? {
    for (index, waiting) in waiting.enumerated() where waiting.asked.sequence == sequence {
      if case .finding(let command) = waiting.state { return (index, command) }
    }
    return nil
  }

  private mutating func set(_ index: Int, _ state: WaitingCommand.State) {
    waiting[waiting.index(waiting.startIndex, offsetBy: index)].state = state
  }

  /// The owner has said what the actor may see where the message is said to be.
  mutating func located(
    _ outcome: Result<CommandOutcome, DaybookError>, sequence: UInt32,
    uptime: @autoclosure () -> Timestamp, _ output: inout SessionOutput
  ) {
    guard let (index, found) = finding(sequence) else { return }
    var command = found
    do throws(DaybookError) {
      command.limit(to: try outcome.get().position())
      set(index, .finding(command))
      look(for: command, sequence: sequence, &output)
    } catch {
      set(index, .failed(command, error))
      goOn(uptime: uptime(), &output)
    }
  }

  /// The message was looked for.
  mutating func resolved(
    _ result: Result<FoundMessage, DaybookError>, sequence: UInt32,
    uptime: @autoclosure () -> Timestamp, _ output: inout SessionOutput
  ) {
    guard let (index, command) = finding(sequence) else { return }
    do throws(DaybookError) {
      let (stream, body) = try command.command(about: try result.get())
      set(index, .ready(stream, body))
    } catch {
      set(index, .failed(command, error))
    }
    goOn(uptime: uptime(), &output)
  }

  /// Submits what has no longer anything to wait for.
  private mutating func goOn(uptime: Timestamp, _ output: inout SessionOutput) {
    while let first = waiting.first {
      if case .finding = first.state { return }
      waiting.removeFirst()
      guard heldBack.isEmpty || heldBack.mayPass(first.asked.issuer.issued, uptime: uptime) else {
        output.error(HeldBack.outOfTurn, sequence: first.asked.sequence)
        continue
      }
      switch first.state {
      case .finding: preconditionFailure("it was looked at above")
      case .ready(let stream, let body): submit(first.asked, stream, body, &output)
      case .failed(let command, let error):
        refuse(first.asked, command, error, uptime: uptime, &output)
      }
    }
  }

  private mutating func refuse(
    _ asked: AskedCommand, _ command: MessageCommand, _ error: DaybookError, uptime: Timestamp,
    _ output: inout SessionOutput
  ) {
    if error.code.isTemporary { heldBack.turnedAway(asked.issuer.issued, uptime: uptime) }
    guard let (stream, body) = command.refusal(of: error) else {
      return output.error(error, sequence: asked.sequence)
    }
    submit(asked, stream, body, &output)
  }
}

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
  /// Of its body.
  var bytes: UInt32 = 0
}

/// Commands, in their order, and their answers. What a command asks for is told by `CommandRequests`.
/// For one about a message, the message is looked for first, for a read of a group its owner asked, and
/// what comes behind it waits. A user's session takes nothing else meanwhile; a service's, which brings
/// very many, goes on to look for the messages of those behind it.
struct CommandFlow {
  /// What has to be known before a command can be submitted.
  private enum Unresolved {
    case message(MessageCommand)
    case groupRead(GroupRead)

    func refusal(of error: DaybookError) -> (stream: StreamKey, body: Command.Body)? {
      switch self {
      case .message(let command): command.refusal(of: error)
      case .groupRead(let read): read.refusal(of: error)
      }
    }
  }

  /// A command that waits for what it needs, or for those before it. A class, so that a queue of them
  /// takes a few bytes in every session, nearly none of which ever has one.
  private final class WaitingCommand {
    enum State {
      case finding(Unresolved)
      case ready(StreamKey, Command.Body)
      case failed(Unresolved, DaybookError)
    }

    let asked: AskedCommand
    var state: State

    init(asked: AskedCommand, state: State) {
      self.asked = asked
      self.state = state
    }
  }

  /// Numbers that were turned away and are waited for.
  static let heldBackMax = 1_024
  /// What a command takes in memory until it is answered, its body apart.
  static let commandBytes = 256

  private let inFlightMax: Int
  private let inFlightBytesMax: Int
  private let looksAhead: Bool
  private var inFlight = 0
  /// What those without an answer take, those that wait included.
  private(set) var byteCount = 0
  /// In their order; the first is one of which something is being looked for.
  private var waiting = CircularBuffer<WaitingCommand>(initialCapacity: 1)
  /// Commands that were turned away before their owner, who keeps their order, knew of them.
  private var heldBack = HeldBack(numbersMax: CommandFlow.heldBackMax)
  /// The highest message id that this session was sent: answers to its commands are above it.
  private var observed = MessageID.none

  init(inFlightMax: Int, inFlightBytesMax: Int, looksAhead: Bool) {
    self.inFlightMax = inFlightMax
    self.inFlightBytesMax = inFlightBytesMax
    self.looksAhead = looksAhead
  }

  /// Frames wait while a command waits for what has to be known first, so that none overtakes it,
  /// and while too much is unanswered.
  var takesFrames: Bool {
    (waiting.isEmpty || looksAhead) && inFlight + waiting.count < inFlightMax
      && byteCount < inFlightBytesMax
  }

  var isAsked: Bool { inFlight > 0 || !waiting.isEmpty }

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
    guard issuer.issued.map({ heldBack.mayPass($0, uptime: uptime()) }) ?? true else {
      throw HeldBack.outOfTurn
    }
  }

  /// It is not taken now, and is to come again before those behind it.
  mutating func turnAway(_ issuer: Issuer, uptime: Timestamp) {
    if let issued = issuer.issued { heldBack.turnedAway(issued, uptime: uptime) }
  }

  /// The answer to what no owner is asked, or was asked in vain.
  private func refuse(
    _ asked: AskedCommand, _ error: DaybookError, _ output: inout SessionOutput
  ) {
    if let traceID = asked.issuer.traceID { output.actions.append(.logRefusal(traceID, error)) }
    output.error(error, sequence: asked.sequence)
  }

  /// Of what was admitted.
  mutating func take(
    _ step: CommandRequest.Step, for asked: AskedCommand, _ output: inout SessionOutput
  ) {
    byteCount += CommandFlow.commandBytes + Int(asked.bytes)
    switch step {
    case .submit(let stream, let body) where waiting.isEmpty:
      submit(asked, stream, body, &output)
    case .submit(let stream, let body):
      waiting.append(WaitingCommand(asked: asked, state: .ready(stream, body)))
    case .find(let command): find(command, for: asked, &output)
    case .readGroup(let read):
      waiting.append(WaitingCommand(asked: asked, state: .finding(.groupRead(read))))
      locate(read.stream, peer: nil, for: asked, &output)
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
          sequence: asked.sequence, bytes: asked.bytes, kind: kind,
          hidesSeq: !asked.issuer.seesSeq(of: stream))))
  }

  private mutating func ended(bytes: UInt32) {
    byteCount -= CommandFlow.commandBytes + Int(bytes)
  }

  // MARK: answers

  /// To what was submitted for the client, by a request of this type.
  mutating func answered(
    _ purpose: CommandPurpose, _ type: FrameTypeOfRequest,
    _ outcome: Result<CommandOutcome, DaybookError>, _ output: inout SessionOutput
  ) {
    inFlight -= 1
    ended(bytes: purpose.bytes)
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
    ended(bytes: purpose.bytes)
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
    waiting.append(WaitingCommand(asked: asked, state: .finding(.message(command))))
    guard let (stream, peer) = command.inspection else {
      return look(for: command, sequence: asked.sequence, &output)
    }
    locate(stream, peer: peer, for: asked, &output)
  }

  private func locate(
    _ stream: StreamKey, peer: UserID?, for asked: AskedCommand, _ output: inout SessionOutput
  ) {
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

  /// Which of those that wait for what they need has this sequence.
  private func finding(_ sequence: UInt32) -> (index: Int, unresolved: Unresolved)? {
    for (index, waiting) in waiting.enumerated() where waiting.asked.sequence == sequence {
      if case .finding(let unresolved) = waiting.state { return (index, unresolved) }
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
    guard let (index, unresolved) = finding(sequence) else { return }
    do throws(DaybookError) {
      let position = try outcome.get().position()
      switch unresolved {
      case .message(var command):
        command.limit(to: position)
        set(index, .finding(.message(command)))
        return look(for: command, sequence: sequence, &output)
      case .groupRead(let read):
        let (stream, body) = try read.command(at: position)
        set(index, .ready(stream, body))
      }
    } catch {
      set(index, .failed(unresolved, error))
    }
    goOn(uptime: uptime(), &output)
  }

  /// The message was looked for.
  mutating func resolved(
    _ result: Result<FoundMessage, DaybookError>, sequence: UInt32,
    uptime: @autoclosure () -> Timestamp, _ output: inout SessionOutput
  ) {
    guard let (index, unresolved) = finding(sequence), case .message(let command) = unresolved
    else { return }
    do throws(DaybookError) {
      let (stream, body) = try command.command(about: try result.get())
      set(index, .ready(stream, body))
    } catch {
      set(index, .failed(unresolved, error))
    }
    goOn(uptime: uptime(), &output)
  }

  /// Submits what has no longer anything to wait for.
  private mutating func goOn(uptime: Timestamp, _ output: inout SessionOutput) {
    while let first = waiting.first {
      if case .finding = first.state { return }
      waiting.removeFirst()
      if !heldBack.isEmpty, let issued = first.asked.issuer.issued,
        !heldBack.mayPass(issued, uptime: uptime)
      {
        ended(bytes: first.asked.bytes)
        refuse(first.asked, HeldBack.outOfTurn, &output)
        continue
      }
      switch first.state {
      case .finding: preconditionFailure("it was looked at above")
      case .ready(let stream, let body): submit(first.asked, stream, body, &output)
      case .failed(let unresolved, let error):
        refuse(first.asked, unresolved, error, uptime: uptime, &output)
      }
    }
  }

  private mutating func refuse(
    _ asked: AskedCommand, _ unresolved: Unresolved, _ error: DaybookError, uptime: Timestamp,
    _ output: inout SessionOutput
  ) {
    if error.code.isTemporary { turnAway(asked.issuer, uptime: uptime) }
    guard let (stream, body) = unresolved.refusal(of: error) else {
      ended(bytes: asked.bytes)
      return refuse(asked, error, &output)
    }
    submit(asked, stream, body, &output)
  }
}

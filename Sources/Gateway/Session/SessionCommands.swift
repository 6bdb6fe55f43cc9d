import DaybookModel
import NIOCore
import Ports
import Requests
import WireProtocol

extension SessionMachine {
  mutating func command(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try CommandRequests.parse(
      frame.type, frame.body, by: try connected(), now: clock.now())
    try commands.admit(request.issuer, uptime: clock.uptime())
    // What is read was received: it is to be known in that order.
    if case .submit(let stream, .read) = request.step {
      acks.flush(stream, by: actor, registration, &output)
    }
    let asked = AskedCommand(
      sequence: frame.sequence, type: frame.type.rawValue, issuer: request.issuer)
    commands.take(request.step, for: asked, &output)
  }

  /// The message that a command is about was looked for.
  mutating func resolved(
    _ result: Result<FoundMessage, DaybookError>, _ output: inout SessionOutput
  ) {
    guard !isClosed else { return }
    commands.resolved(result, uptime: clock.uptime(), &output)
  }

  /// What was submitted has its answer.
  mutating func answered(
    _ purpose: CommandPurpose, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) {
    guard !isClosed else { return }
    switch (purpose.kind, outcome) {
    case (.reply(let type), _): commands.answered(purpose, type, outcome, &output)
    case (.transient(let event, let type), _):
      commands.answered(purpose, type, pushing: event, outcome, &output)
    case (.ack, .success), (.note, _): break
    case (.ack, .failure(let error)): output.error(error, sequence: purpose.sequence)
    case (.open(let stream), .success(let outcome)): opened(stream, outcome, &output)
    case (.open(let stream), .failure(let error)): openFailed(stream, error, &output)
    case (.resume(let stream), _): resumed(stream, outcome, &output)
    case (.inspect(let query), _):
      guard let requester else { return }
      queries.inspected(query, outcome, sequence: purpose.sequence, for: requester, &output)
    case (.locate, _): commands.located(outcome, uptime: clock.uptime(), &output)
    case (.typing(let conversation), .success): presence?.mayType(in: conversation, &output)
    case (.typing, .failure): break
    case (.contact(let other), _):
      contactKnown(other, outcome, sequence: purpose.sequence, &output)
    }
  }
}

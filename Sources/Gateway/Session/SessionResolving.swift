import DaybookModel
import Ports
import Requests

/// Commands about a message, which is looked for first. Nothing else is taken meanwhile, so that
/// commands stay in their order.
extension SessionMachine {
  struct UnresolvedCommand {
    let asked: AskedCommand
    var command: MessageCommand
  }

  mutating func resolve(
    _ command: MessageCommand, for asked: AskedCommand, _ output: inout SessionOutput
  ) {
    unresolved = UnresolvedCommand(asked: asked, command: command)
    guard let (stream, peer) = command.inspection else { return look(for: command, &output) }
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: asked.issuer.actor, id: nil, body: .inspect(peer: peer)),
        CommandPurpose(sequence: asked.sequence, kind: .locate)))
  }

  private func look(for command: MessageCommand, _ output: inout SessionOutput) {
    output.actions.append(.resolve(command.name, reading: command.reading))
  }

  mutating func located(
    _ outcome: Result<CommandOutcome, DaybookError>, _ output: inout SessionOutput
  ) {
    guard var command = unresolved?.command else { return }
    do throws(DaybookError) {
      command.limit(to: try outcome.get().position())
      unresolved?.command = command
      look(for: command, &output)
    } catch {
      refuse(error, &output)
    }
  }

  /// The message was looked for.
  mutating func resolved(
    _ result: Result<FoundMessage, DaybookError>, _ output: inout SessionOutput
  ) {
    guard !isClosed, let (asked, command) = unresolved.map({ ($0.asked, $0.command) }) else {
      return
    }
    do throws(DaybookError) {
      let (stream, body) = try command.command(about: try result.get())
      unresolved = nil
      submit(asked, stream, body, &output)
    } catch {
      refuse(error, &output)
    }
  }

  private mutating func refuse(_ error: DaybookError, _ output: inout SessionOutput) {
    guard let (asked, command) = unresolved.map({ ($0.asked, $0.command) }) else { return }
    unresolved = nil
    if error.code.isTemporary { heldBack.turnedAway(asked.issuer.issued, uptime: clock.uptime()) }
    guard let (stream, body) = command.refusal(of: error) else {
      return output.error(error, sequence: asked.sequence)
    }
    submit(asked, stream, body, &output)
  }
}

package import DaybookSDK
package import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
package import WireProtocol

/// One file's commands, pulled by the client as fast as the server answers.
package final class IRCCommandSource: CommandSource {
  private let log: IRCLog
  private let group: GroupID
  private let stream: StreamKey
  private let progress: IRCProgress
  private let position = NIOLockedValueBox(0)

  package init(_ log: IRCLog, group: GroupID, progress: IRCProgress) {
    self.log = log
    self.group = group
    self.stream = .group(group)
    self.progress = progress
  }

  package func next() -> (command: IssuedCommand, tag: UInt64)? {
    let index = position.withLockedValue { position in
      defer { position += 1 }
      return position
    }
    guard index < log.plan.commands.count else { return nil }
    let planned = log.plan.commands[index]
    let command = IssuedCommand(
      origin: log.origin, number: planned.number, actingFor: planned.user, body: body(planned))
    return (command, UInt64(index))
  }

  private func body(_ planned: PlannedCommand) -> IssuedCommand.Body {
    switch planned.action {
    case .join: .join(group)
    case .leave: .leave(group)
    case .send(let text, let time, let name):
      .send(
        to: stream,
        Message(content: ContentCoding.text(text), clientTime: time, senderName: name))
    }
  }

  package func answered(_ tag: UInt64, _ outcome: Result<CommandReply, DaybookError>) {
    let planned = log.plan.commands[Int(tag)]
    switch outcome {
    case .success(let reply): progress.accepted(planned, reply)
    case .failure(let error): progress.refused(error, in: log, line: planned.line)
    }
  }

  /// Lines that no command can be made of are rejected before they reach the server.
  package func reportUnusable() {
    for line in log.plan.unusable { progress.refused(line.error, in: log, line: line.line) }
  }
}

import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// Awaits single commands: for setting things up, not for load.
final class SingleCommands: CommandReceiver {
  private typealias Waiting = CheckedContinuation<CommandResult, any Error>
  private let commands: any Commands
  private let waiting = NIOLockedValueBox<(next: UInt64, by: [UInt64: Waiting])>((0, [:]))

  init(_ commands: any Commands) { self.commands = commands }

  func ask(_ command: Command) async throws -> CommandResult {
    try await withCheckedThrowingContinuation { continuation in
      let token = waiting.withLockedValue { state in
        state.next += 1
        state.by[state.next] = continuation
        return state.next
      }
      commands.submit(
        [PendingCommand(command, receiver: self, token: token)],
        to: command.stream.partition(of: commands.partitionCount))
    }
  }

  func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {
    for answer in answers {
      waiting.withLockedValue { $0.by.removeValue(forKey: answer.token) }?.resume(
        with: Result { try answer.outcome.get().result() })
    }
  }
}

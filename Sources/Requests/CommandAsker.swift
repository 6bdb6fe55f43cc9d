package import DaybookModel
import NIOConcurrencyHelpers
package import Ports

/// Awaits the answers of single commands.
package final class CommandAsker: CommandReceiver {
  package struct Answer: Sendable {
    package let outcome: CommandOutcome
    /// Covers what the answer tells of.
    package let token: ReadToken?
  }

  private typealias Waiting = CheckedContinuation<Result<Answer, DaybookError>, Never>

  private let commands: any Commands
  private let waiting = NIOLockedValueBox<(last: UInt64, by: [UInt64: Waiting])>((0, [:]))

  package init(_ commands: any Commands) { self.commands = commands }

  /// Throws what the owner has refused it with.
  package func ask(_ command: Command) async throws(DaybookError) -> Answer {
    let result = await withCheckedContinuation { continuation in
      let token = waiting.withLockedValue { waiting in
        waiting.last += 1
        waiting.by[waiting.last] = continuation
        return waiting.last
      }
      commands.submit(
        [PendingCommand(command, receiver: self, token: token)],
        to: command.stream.partition(of: commands.partitionCount))
    }
    return try result.get()
  }

  package func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {
    for answer in answers {
      waiting.withLockedValue { $0.by.removeValue(forKey: answer.token) }?.resume(
        returning: answer.outcome.map { Answer(outcome: $0, token: token) })
    }
  }
}

import DaybookModel
import NIOConcurrencyHelpers
import Ports

@testable import Partitions

/// Lets a test await the answers of commands.
final class Answers: CommandReceiver {
  private let waiting = NIOLockedValueBox<
    [UInt64: CheckedContinuation<Result<CommandOutcome, DaybookError>, Never>]
  >([:])
  private let tokens = NIOLockedValueBox<UInt64>(0)

  func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {
    for answer in answers {
      waiting.withLockedValue { $0.removeValue(forKey: answer.token) }?.resume(
        returning: answer.outcome)
    }
  }

  func ask(
    _ command: Command, of service: PartitionService
  ) async -> Result<CommandOutcome, DaybookError> {
    let token = tokens.withLockedValue {
      $0 += 1
      return $0
    }
    return await withCheckedContinuation { continuation in
      waiting.withLockedValue { $0[token] = continuation }
      service.submit(
        [PendingCommand(command, receiver: self, token: token)],
        to: command.stream.partition(of: service.partitionCount))
    }
  }
}

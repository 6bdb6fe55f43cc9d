import DaybookModel
import Dispatch
import NIOConcurrencyHelpers
import Ports

/// Commands at a rate, whether those before are answered or not.
final class RateLoad: CommandReceiver {
  private let commands: any Commands
  private let rate: Int
  private let seconds: Int
  private let make: @Sendable () -> Command
  private let state = NIOLockedValueBox(State())

  private struct State {
    var sentAt: [UInt64: UInt64] = [:]
    var latencies = LatencyHistogram()
    var failure: DaybookError?
  }

  init(
    _ commands: any Commands, rate: Int, seconds: Int, make: @escaping @Sendable () -> Command
  ) {
    self.commands = commands
    self.rate = rate
    self.seconds = seconds
    self.make = make
  }

  /// Latencies from the time when a command was due. Throws what one was refused with.
  func run() async throws -> (p50: Int, p99: Int, max: Int) {
    let clock = ContinuousClock()
    let (start, began) = (clock.now, DispatchTime.now().uptimeNanoseconds)
    for number in 0..<rate * seconds {
      let due = UInt64(number) * 1_000_000_000 / UInt64(rate)
      if DispatchTime.now().uptimeNanoseconds < began + due {
        try await clock.sleep(until: start + .nanoseconds(Int64(due)), tolerance: .zero)
      }
      let command = make()
      state.withLockedValue { $0.sentAt[UInt64(number)] = began + due }
      commands.submit(
        [PendingCommand(command, receiver: self, token: UInt64(number))],
        to: command.stream.partition(of: commands.partitionCount))
    }
    while state.withLockedValue({ !$0.sentAt.isEmpty }) {
      try await clock.sleep(for: .milliseconds(5))
    }
    return try state.withLockedValue { state in
      if let failure = state.failure { throw failure }
      return (
        state.latencies.value(at: 50), state.latencies.value(at: 99),
        state.latencies.value(at: 100)
      )
    }
  }

  func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {
    let now = DispatchTime.now().uptimeNanoseconds
    state.withLockedValue { state in
      for answer in answers {
        if case .failure(let error) = answer.outcome { state.failure = error }
        guard let due = state.sentAt.removeValue(forKey: answer.token) else { continue }
        state.latencies.record(nanoseconds: now > due ? now - due : 0)
      }
    }
  }
}

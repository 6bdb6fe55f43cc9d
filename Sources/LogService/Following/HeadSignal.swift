import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// Wakes whoever has everything, once the log goes on.
final class HeadSignal: BatchConsumer {
  private struct State {
    var moment: UInt64 = 0
    var isEnded = false
    var nextWaiter: UInt64 = 0
    var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = NIOLockedValueBox(State())

  func committed(_ batch: CommittedBatch) { wake() }

  func interrupted(_ partition: PartitionID) { wake() }

  /// Everybody looks again, for time has passed or the server stops.
  func wake() {
    let waiting = state.withLockedValue { state in
      state.moment += 1
      guard !state.waiting.isEmpty else { return [CheckedContinuation<Void, Never>]() }
      defer { state.waiting.removeAll(keepingCapacity: true) }
      return Array(state.waiting.values)
    }
    for waiter in waiting { waiter.resume() }
  }

  /// Nothing comes any more: whoever follows is to come again.
  func end() {
    state.withLockedValue { $0.isEnded = true }
    wake()
  }

  var isEnded: Bool { state.withLockedValue { $0.isEnded } }

  /// Ask for it before looking, and wait past it: what comes between is not missed.
  var moment: UInt64 { state.withLockedValue { $0.moment } }

  /// Returns at once where something has come since, or the task is cancelled.
  func wait(past moment: UInt64) async {
    let waiter = state.withLockedValue { state in
      defer { state.nextWaiter += 1 }
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let waits = state.withLockedValue { state in
          guard state.moment == moment, !Task.isCancelled else { return false }
          state.waiting[waiter] = continuation
          return true
        }
        if !waits { continuation.resume() }
      }
    } onCancel: {
      state.withLockedValue { $0.waiting.removeValue(forKey: waiter) }?.resume()
    }
  }
}

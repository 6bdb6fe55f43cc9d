import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// Counts committed events of one kind, for waiting until so many were.
final class EventCount: BatchConsumer {
  private struct State {
    var seen = 0
    var target = Int.max
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let kind: EventKind
  private let state = NIOLockedValueBox(State())

  init(_ kind: EventKind) { self.kind = kind }

  func interrupted(_ partition: PartitionID) {}

  func committed(_ batch: CommittedBatch) {
    let found = (batch.slots ?? []).count { $0.kind == kind }
    let due = state.withLockedValue { state -> CheckedContinuation<Void, Never>? in
      state.seen += found
      guard state.seen >= state.target else { return nil }
      defer { state.waiter = nil }
      return state.waiter
    }
    due?.resume()
  }

  func count(reaches target: Int) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLockedValue { state in
        if state.seen >= target { return true }
        state.target = target
        state.waiter = continuation
        return false
      }
      if isOver { continuation.resume() }
    }
  }
}

import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// Signals when something that a test waits for has been committed.
final class Watch: BatchConsumer {
  private let state = NIOLockedValueBox<
    (seen: Int, waiters: [(Int, CheckedContinuation<Void, Never>)])
  >(
    (0, []))
  private let kind: EventKind

  init(_ kind: EventKind) { self.kind = kind }

  func interrupted(_ partition: PartitionID) {}

  func committed(_ batch: CommittedBatch) {
    let found = (batch.slots ?? []).filter { $0.kind == kind }.count
    let due = state.withLockedValue { state in
      state.seen += found
      let due = state.waiters.filter { $0.0 <= state.seen }
      state.waiters.removeAll { $0.0 <= state.seen }
      return due
    }
    for (_, continuation) in due { continuation.resume() }
  }

  func count(reaches target: Int) async {
    await withCheckedContinuation { continuation in
      let now = state.withLockedValue { state in
        if state.seen >= target { return true }
        state.waiters.append((target, continuation))
        return false
      }
      if now { continuation.resume() }
    }
  }
}

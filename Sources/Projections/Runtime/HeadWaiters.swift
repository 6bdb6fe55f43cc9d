import DaybookModel
import NIOConcurrencyHelpers

/// Those who wait for the projections to pass a position.
final class HeadWaiters: Sendable {
  typealias Outcome = Result<Void, DaybookError>

  private struct Waiter {
    let names: [ProjectionName]
    let heads: [PartitionID: Offset]
    let continuation: CheckedContinuation<Outcome, Never>
  }

  private struct State {
    let none: [Offset]
    var checkpoints: [ProjectionName: [Offset]] = [:]
    /// Projections that can't be made, and why.
    var broken: [ProjectionName: DaybookError] = [:]
    var stuck: [PartitionID: DaybookError] = [:]
    var failure: DaybookError?
    var waiters: [UInt64: Waiter] = [:]
    var nextID: UInt64 = 0

    /// Whether these positions hold what the names are to hold.
    static func isMet(
      _ names: [ProjectionName], _ heads: [PartitionID: Offset],
      by positions: [ProjectionName: [Offset]]
    ) -> Bool {
      names.allSatisfy { name in
        guard let positions = positions[name] else { return false }
        return heads.allSatisfy { positions[$0.key.index] >= $0.value }
      }
    }

    /// Nil while there is something to wait for.
    func outcome(for names: [ProjectionName], _ heads: [PartitionID: Offset]) -> Outcome? {
      var missing = false
      assert(
        heads.keys.allSatisfy { none.indices.contains($0.index) }, "positions are of partitions")
      for name in names {
        if let fault = broken[name] { return .failure(fault) }
        let checkpoints = checkpoints[name] ?? none
        for (partition, head) in heads where checkpoints[partition.index] < head {
          if let fault = stuck[partition] { return .failure(fault) }
          missing = true
        }
      }
      if !missing { return .success(()) }
      return failure.map { .failure($0) }
    }
  }

  private let state: NIOLockedValueBox<State>
  private let deadlines: WaitDeadlines

  init(partitionCount: Int) {
    let state = NIOLockedValueBox(State(none: Array(repeating: .zero, count: partitionCount)))
    self.state = state
    deadlines = WaitDeadlines { id in
      let waiter = state.withLockedValue { $0.waiters.removeValue(forKey: id) }
      waiter?.continuation.resume(returning: .failure(HeadWaiters.behind))
    }
  }

  func advance(to checkpoints: [ProjectionName: [Offset]]) {
    settle { state in
      assert(
        checkpoints.values.allSatisfy { $0.count == state.none.count },
        "a checkpoint for each partition")
      assert(
        state.checkpoints.allSatisfy { name, before in
          zip(before, checkpoints[name] ?? before).allSatisfy { $0 <= $1 }
        }, "a projection goes back only after it was forgotten")
      state.checkpoints = checkpoints
    }
  }

  /// It is made anew: what it had counts no longer.
  func forget(_ name: ProjectionName) {
    settle { $0.checkpoints[name] = nil }
  }

  func breakOff(_ broken: [ProjectionName: DaybookError]) {
    settle { $0.broken = broken }
  }

  /// These partitions are not folded on.
  func stick(_ stuck: [PartitionID: DaybookError]) {
    settle { $0.stuck = stuck }
  }

  func fail(_ failure: DaybookError) {
    settle { $0.failure = failure }
  }

  private func settle(_ change: (inout State) -> Void) {
    let settled = state.withLockedValue { state -> [(Waiter, Outcome)] in
      change(&state)
      var settled: [(Waiter, Outcome)] = []
      for (id, waiter) in state.waiters {
        guard let outcome = state.outcome(for: waiter.names, waiter.heads) else { continue }
        settled.append((waiter, outcome))
        state.waiters[id] = nil
      }
      return settled
    }
    for (waiter, outcome) in settled { waiter.continuation.resume(returning: outcome) }
  }

  var isWaiting: Bool { state.withLockedValue { !$0.waiters.isEmpty } }

  /// Whether somebody would be answered if these positions were committed.
  func areMet(by positions: [ProjectionName: [Offset]]) -> Bool {
    state.withLockedValue { state in
      state.waiters.values.contains { State.isMet($0.names, $0.heads, by: positions) }
    }
  }

  /// `hurry` is called if there is something to wait for.
  func wait(
    for names: [ProjectionName], until heads: [PartitionID: Offset], timeout: Duration,
    hurry: @Sendable () -> Void
  ) async throws(DaybookError) {
    if let outcome = state.withLockedValue({ $0.outcome(for: names, heads) }) {
      return try outcome.get()
    }
    let outcome = await withCheckedContinuation {
      (continuation: CheckedContinuation<Outcome, Never>) in
      let (id, settled) = state.withLockedValue { state -> (UInt64, Outcome?) in
        if let outcome = state.outcome(for: names, heads) { return (0, outcome) }
        state.nextID += 1
        assert(state.waiters[state.nextID] == nil, "who waits has a number of its own")
        state.waiters[state.nextID] = Waiter(
          names: names, heads: heads, continuation: continuation)
        return (state.nextID, nil)
      }
      if let settled { return continuation.resume(returning: settled) }
      hurry()
      deadlines.add(id, after: timeout)
    }
    try outcome.get()
  }

  static let behind = DaybookError(
    .projectionBehind, "the projections have not caught up with the log yet: try again")
}

import DaybookModel
import Foundation
import Mirror
import NIOConcurrencyHelpers

/// How long after an event was due it is known to be in the topic.
final class LagWatch: Sendable {
  private struct State {
    var latencies = LatencyHistogram()
    var waiting: [(partition: PartitionID, offset: Offset, due: UInt64)] = []
    /// That are not in the topic yet, whether they are logged or not.
    var left = 0
    var isOver = false
  }

  private let progress: MirrorProgress
  private let state = NIOLockedValueBox(State())

  init(_ progress: MirrorProgress) { self.progress = progress }

  var latencies: LatencyHistogram { state.withLockedValue { $0.latencies } }

  /// How many events there will be.
  func expects(_ count: Int) { state.withLockedValue { $0.left += count } }

  func logged(_ partition: PartitionID, _ offset: Offset, due: UInt64) {
    state.withLockedValue { $0.waiting.append((partition, offset, due)) }
  }

  /// Looks every so often, on a thread of its own, until `finish`.
  func start() {
    Thread.detachNewThread { [self] in
      while !state.withLockedValue({ $0.isOver && $0.left == 0 }) {
        look()
        usleep(500)
      }
    }
  }

  /// Returns once all that was sent is in the topic. Throws what the mirror ended with.
  func finish() async throws {
    state.withLockedValue { $0.isOver = true }
    while state.withLockedValue({ $0.left > 0 }) {
      if case .ended(let error) = progress.phase {
        throw error ?? DaybookError(.cancelled, "the mirror has ended")
      }
      try await ContinuousClock().sleep(for: .milliseconds(5))
    }
  }

  private func look() {
    let positions = progress.positions
    let now = DispatchTime.now().uptimeNanoseconds
    state.withLockedValue { state in
      state.waiting.removeAll { one in
        guard let next = positions[one.partition], next > one.offset else { return false }
        state.latencies.record(nanoseconds: now > one.due ? now - one.due : 0)
        state.left -= 1
        return true
      }
    }
  }
}

/// How long a mirror's commits take.
final class CommitTimes: Sendable {
  private let kept = NIOLockedValueBox(LatencyHistogram())

  var latencies: LatencyHistogram { kept.withLockedValue { $0 } }

  func add(_ duration: Duration) {
    kept.withLockedValue { $0.record(nanoseconds: UInt64(max(0, duration / .nanoseconds(1)))) }
  }
}

package import DaybookModel
import NIOConcurrencyHelpers

/// How a mirror stands, for whoever asks.
package final class MirrorProgress: Sendable {
  package enum Phase: Sendable, Equatable {
    case starting
    case running(MirrorClaim.Delivery)
    case paused
    /// Something failed, and is tried again.
    case waiting(DaybookError)
    case ended(DaybookError?)

    package static func == (a: Self, b: Self) -> Bool { "\(a)" == "\(b)" }
  }

  private struct State {
    var phase = Phase.starting
    var positions: [PartitionID: Offset] = [:]
    var events: UInt64 = 0
  }

  private let state = NIOLockedValueBox(State())

  package var phase: Phase { state.withLockedValue { $0.phase } }
  /// Mirrored since this began to run.
  package var events: UInt64 { state.withLockedValue { $0.events } }
  /// By partition, the first offset that is not mirrored; empty until that is known.
  package var positions: [PartitionID: Offset] { state.withLockedValue { $0.positions } }

  func enter(_ phase: Phase) { state.withLockedValue { $0.phase = phase } }

  func note(_ positions: some Sequence<MirrorPosition>, events: UInt64) {
    state.withLockedValue { state in
      for position in positions { state.positions[position.partition] = position.next }
      state.events += events
    }
  }
}

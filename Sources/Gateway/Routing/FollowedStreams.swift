import DaybookModel
import NIOConcurrencyHelpers

/// Which streams a loop's sessions follow, for owners' threads to see: a loop is woken only for what
/// somebody on it follows.
final class FollowedStreams: Sendable {
  /// By fingerprint, of how many sessions. One that two streams share wakes the loop for both.
  private let counts = NIOLockedValueBox<[UInt64: Int]>([:])

  func add(_ stream: StreamKey) {
    counts.withLockedValue { $0[stream.fingerprint, default: 0] += 1 }
  }

  func remove(_ stream: StreamKey) {
    counts.withLockedValue { counts in
      guard let count = counts[stream.fingerprint] else { return }
      counts[stream.fingerprint] = count > 1 ? count - 1 : nil
    }
  }

  func removeAll() { counts.withLockedValue { $0 = [:] } }

  /// Something in a batch may be for a session here. Whom a leave without a seq concerns its event says
  /// alone.
  func mayWant(_ slots: [EventSlot]) -> Bool {
    counts.withLockedValue { counts in
      if counts.isEmpty { return false }
      return slots.contains { slot in
        slot.seq == .none ? slot.concernsSessions : counts[slot.stream] != nil
      }
    }
  }
}

import NIOConcurrencyHelpers

/// Lets a question wait for a moment and look again, for what nobody tells it of.
final class Pauses: Sendable {
  private typealias Waiting = [UInt64: CheckedContinuation<Void, Never>]

  private let waiting: NIOLockedValueBox<(last: UInt64, by: Waiting)>
  private let deadlines: WaitDeadlines

  init() {
    let waiting = NIOLockedValueBox<(last: UInt64, by: Waiting)>((0, [:]))
    self.waiting = waiting
    deadlines = WaitDeadlines { id in
      waiting.withLockedValue { $0.by.removeValue(forKey: id) }?.resume()
    }
  }

  func pause(for duration: Duration) async {
    await withCheckedContinuation { continuation in
      let id = waiting.withLockedValue { waiting in
        waiting.last += 1
        assert(waiting.by[waiting.last] == nil, "who pauses has a number of its own")
        waiting.by[waiting.last] = continuation
        return waiting.last
      }
      deadlines.add(id, after: duration)
    }
  }
}

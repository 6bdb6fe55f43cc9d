import Foundation
import NIOConcurrencyHelpers

/// Tells when somebody has waited long enough, on a thread that is there only while anybody waits.
///
/// No task that sleeps: each would lie in libdispatch's queues, which no query should need (what
/// it does for them takes files that a process may not have).
final class WaitDeadlines: Sendable {
  private struct State {
    /// By ascending time.
    var due: [(at: ContinuousClock.Instant, id: UInt64)] = []
    var isServed = false
  }

  /// A deadline that is set while the thread sleeps may come before the one that it sleeps for.
  private static let sleepMax = Duration.milliseconds(50)

  private let state = NIOLockedValueBox(State())
  private let expire: @Sendable (UInt64) -> Void

  /// `expire` is called with each id whose time has come, whether or not anybody waits any more.
  init(expire: @escaping @Sendable (UInt64) -> Void) { self.expire = expire }

  func add(_ id: UInt64, after timeout: Duration) {
    let at = ContinuousClock.now + timeout
    let isServed = state.withLockedValue { state in
      // Nearly always the end.
      var place = state.due.count
      while place > 0, state.due[place - 1].at > at { place -= 1 }
      state.due.insert((at, id), at: place)
      assert(place == 0 || state.due[place - 1].at <= at, "deadlines are in their order")
      defer { state.isServed = true }
      return state.isServed
    }
    guard !isServed else { return }
    let thread = Thread { self.serve() }
    thread.name = "deadlines"
    thread.start()
  }

  private func serve() {
    while let pause = expireDue() {
      Thread.sleep(forTimeInterval: min(pause, WaitDeadlines.sleepMax) / .seconds(1))
    }
  }

  /// How long it is until the next one; nil if there is none, and then this thread ends.
  private func expireDue() -> Duration? {
    let now = ContinuousClock.now
    let (ids, pause) = state.withLockedValue { state -> ([UInt64], Duration?) in
      let ids = state.due.prefix { $0.at <= now }.map(\.id)
      state.due.removeFirst(ids.count)
      assert(state.due.first.map { $0.at > now } ?? true, "all that is due is told")
      state.isServed = !state.due.isEmpty
      return (ids, state.due.first.map { $0.at - now })
    }
    for id in ids { expire(id) }
    return pause
  }
}

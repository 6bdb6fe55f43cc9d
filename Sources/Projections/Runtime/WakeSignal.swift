import Foundation

/// Wakes the projecting thread: for work that can wait for the next commit, or for what can't.
///
/// `@unchecked Sendable`: all that changes is under the condition's lock.
final class WakeSignal: @unchecked Sendable {
  enum Level: Int, Comparable {
    case none, work, urgent

    static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }

  // Guards `level`.
  private let condition = NSCondition()
  private var level = Level.none

  func raise(_ raised: Level) {
    condition.lock()
    defer { condition.unlock() }
    guard raised > level else { return }
    level = raised
    condition.signal()
  }

  /// Returns when the level is reached or the time has come (nil: however long it takes).
  func wait(for wanted: Level, atMost duration: Duration? = nil) {
    let limit = duration.map { Date(timeIntervalSinceNow: $0 / .seconds(1)) }
    condition.lock()
    defer { condition.unlock() }
    while level < wanted {
      if let limit {
        guard condition.wait(until: limit) else { return }
      } else {
        condition.wait()
      }
    }
  }

  /// What is raised from now on counts again.
  func lower() {
    condition.lock()
    defer { condition.unlock() }
    level = .none
  }
}

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

  /// Returns when the level is reached or the time has come, and whether the level is reached.
  @discardableResult
  func wait(for wanted: Level, atMost duration: Duration) -> Bool {
    let limit = Date(timeIntervalSinceNow: duration / .seconds(1))
    condition.lock()
    defer { condition.unlock() }
    while level < wanted {
      guard condition.wait(until: limit) else { break }
    }
    return level >= wanted
  }

  /// What is raised from now on counts again.
  func lower() {
    condition.lock()
    defer { condition.unlock() }
    level = .none
  }
}

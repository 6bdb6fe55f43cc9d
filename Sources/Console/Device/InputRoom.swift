import NIOConcurrencyHelpers

/// How many lines of a script may wait to be done, before no more are read.
///
/// `@unchecked Sendable`: the count is read and written under the lock alone.
final class InputRoom: @unchecked Sendable {
  static let linesMax = 1_000

  /// Whether there is room.
  private let lock = ConditionLock(value: true)
  private var count = 0
  private var isOpen = false

  /// Waits for room.
  func enter() {
    lock.lock(whenValue: true)
    count += 1
    unlock()
  }

  func leave() {
    lock.lock()
    count -= 1
    unlock()
  }

  /// For as many as come, from now on.
  func open() {
    lock.lock()
    isOpen = true
    unlock()
  }

  private func unlock() { lock.unlock(withValue: isOpen || count < InputRoom.linesMax) }
}

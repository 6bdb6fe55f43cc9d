import Foundation
import NIOCore
import Testing

@testable import Server

/// `@unchecked Sendable`: what changes is under the condition's lock.
private final class Meeting: @unchecked Sendable {
  private let condition = NSCondition()
  private var missing: Int

  init(of count: Int) { missing = count }

  /// Returns once all have come.
  func join() {
    condition.lock()
    defer { condition.unlock() }
    missing -= 1
    if missing == 0 { condition.broadcast() }
    while missing > 0 { condition.wait() }
  }
}

@Suite("the pool of threads that read", .timeLimit(.minutes(5)))
struct PoolWorkTests {
  @Test("as many as the machine has cores, and two at least, are read at a time")
  func atOnce() async {
    let pool = PoolWork()
    #expect(pool.threadCount == max(2, System.coreCount))
    // Each waits for all the others, as it could not on fewer threads.
    let meeting = Meeting(of: pool.threadCount)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<pool.threadCount {
        group.addTask {
          await withCheckedContinuation { continuation in
            pool.run {
              meeting.join()
              continuation.resume()
            }
          }
        }
      }
    }
    await pool.stop()
  }

  @Test("what comes after the end is done at once")
  func stopped() async {
    let pool = PoolWork()
    await pool.stop()
    await withCheckedContinuation { continuation in pool.run { continuation.resume() } }
  }
}

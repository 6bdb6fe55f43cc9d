import Foundation
import NIOConcurrencyHelpers

/// Runs what is asynchronous on the thread that waits for it, so that nothing else happens
/// meanwhile and a run stays the same from one time to the next.
final class InlineExecutor: TaskExecutor, @unchecked Sendable {
  // Guards `jobs`: what resumes a task may be another thread.
  private let condition = NSCondition()
  private var jobs: [UnownedJob] = []

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.lock()
    jobs.append(job)
    condition.signal()
    condition.unlock()
  }

  func run<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) -> Result<T, any Error> {
    let outcome = NIOLockedValueBox<Result<T, any Error>?>(nil)
    Task.detached(executorPreference: self) {
      do {
        let value = try await body()
        outcome.withLockedValue { $0 = .success(value) }
      } catch {
        outcome.withLockedValue { $0 = .failure(error) }
      }
    }
    while true {
      if let outcome = outcome.withLockedValue({ $0 }) { return outcome }
      next().runSynchronously(on: asUnownedTaskExecutor())
    }
  }

  private func next() -> UnownedJob {
    condition.lock()
    defer { condition.unlock() }
    while jobs.isEmpty { condition.wait() }
    return jobs.removeFirst()
  }
}

import DaybookModel
import Foundation

/// A few threads for what blocks: reading the log and SQLite. Work that is waiting when they stop
/// is still done.
///
/// `@unchecked Sendable`: all that changes is under the condition's lock.
final class WorkerThreads: @unchecked Sendable {
  // Guards `work` and `isStopping`.
  private let condition = NSCondition()
  private var work: [@Sendable () -> Void] = []
  private var isStopping = false

  init(count: Int) {
    precondition(count > 0, "somebody does the work")
    for index in 0..<count {
      let thread = Thread { [self] in serve() }
      thread.name = "query-\(index)"
      thread.start()
    }
  }

  func stop() {
    condition.lock()
    defer { condition.unlock() }
    isStopping = true
    condition.broadcast()
  }

  func run<T: Sendable>(
    _ body: @escaping @Sendable () throws(DaybookError) -> T
  ) async throws(DaybookError) -> T {
    typealias Outcome = Result<T, DaybookError>
    let outcome = await withCheckedContinuation {
      (continuation: CheckedContinuation<Outcome, Never>) in
      let isTaken = submit {
        continuation.resume(returning: Outcome { () throws(DaybookError) in try body() })
      }
      if !isTaken {
        continuation.resume(
          returning: .failure(
            DaybookError(.serverStopping, "the server is stopping: try again when it is back")))
      }
    }
    return try outcome.get()
  }

  private func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    if isStopping { return false }
    work.append(job)
    condition.signal()
    return true
  }

  private func serve() {
    while let job = next() { job() }
  }

  private func next() -> (@Sendable () -> Void)? {
    condition.lock()
    defer { condition.unlock() }
    while work.isEmpty {
      if isStopping { return nil }
      condition.wait()
    }
    return work.removeFirst()
  }
}

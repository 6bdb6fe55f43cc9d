import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// What of a question blocks (reading the log and SQLite), on threads that are shared with whoever else
/// reads. What has been begun when it stops is still done.
final class QueryWork: Sendable {
  private let threads: any BlockingWork
  private let isStopped = NIOLockedValueBox(false)

  init(_ threads: any BlockingWork) { self.threads = threads }

  func stop() { isStopped.withLockedValue { $0 = true } }

  /// Throws what `body` throws, and `server_stopping` once it was stopped.
  func run<T: Sendable>(
    _ body: @escaping @Sendable () throws(DaybookError) -> T
  ) async throws(DaybookError) -> T {
    guard !isStopped.withLockedValue({ $0 }) else {
      throw DaybookError(.serverStopping, "the server is stopping: try again when it is back")
    }
    typealias Outcome = Result<T, DaybookError>
    let outcome = await withCheckedContinuation {
      (continuation: CheckedContinuation<Outcome, Never>) in
      threads.run {
        continuation.resume(returning: Outcome { () throws(DaybookError) in try body() })
      }
    }
    return try outcome.get()
  }
}

import DaybookModel
import Ports

/// Where asynchronous work of sessions runs, off their loops.
protocol SessionWork: TaskExecutor {
  /// `done` is called with what came of it, on any thread.
  func run<T: Sendable>(
    _ work: @escaping @Sendable () async throws(DaybookError) -> T,
    then done: @escaping @Sendable (Result<T, DaybookError>) -> Void)
}

/// Runs it on the threads that all reading shares.
///
/// Not on libdispatch's, which Swift would take: while work waits there, it looks each second
/// through /proc at what its threads do, and ends the process if it can't for want of a file.
final class SessionThreads: SessionWork {
  private let threads: any BlockingWork

  /// Where these have stopped they run what comes at once: who waits for a task waits for its end.
  init(_ threads: any BlockingWork) { self.threads = threads }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    threads.run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  func run<T: Sendable>(
    _ work: @escaping @Sendable () async throws(DaybookError) -> T,
    then done: @escaping @Sendable (Result<T, DaybookError>) -> Void
  ) {
    Task(executorPreference: self) {
      do throws(DaybookError) {
        done(.success(try await work()))
      } catch {
        done(.failure(error))
      }
    }
  }
}

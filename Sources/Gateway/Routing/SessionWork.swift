import DaybookModel
import NIOPosix

/// Where asynchronous work of sessions runs, off their loops.
protocol SessionWork: TaskExecutor {
  /// `done` is called with what came of it, on any thread.
  func run<T: Sendable>(
    _ work: @escaping @Sendable () async throws(DaybookError) -> T,
    then done: @escaping @Sendable (Result<T, DaybookError>) -> Void)

  func stop() async
}

/// Runs it on threads of the gateway's own.
///
/// Not on libdispatch's, which Swift would take: while work waits there, it looks each second
/// through /proc at what its threads do, and ends the process if it can't for want of a file.
final class SessionThreads: SessionWork {
  private let pool: NIOThreadPool

  init(count: Int) {
    pool = NIOThreadPool(numberOfThreads: count)
    pool.start()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // Where the pool has stopped, this runs at once: who waits for a task waits for its end.
    pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
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

  func stop() async { try? await pool.shutdownGracefully() }
}

import NIOPosix

/// Where tasks of sessions run: on threads of the gateway's own.
///
/// Not on libdispatch's, which Swift would take: while work waits there, it looks each second
/// through /proc at what its threads do, and ends the process if it can't for want of a file.
final class SessionThreads: TaskExecutor {
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

  func stop() async { try? await pool.shutdownGracefully() }
}

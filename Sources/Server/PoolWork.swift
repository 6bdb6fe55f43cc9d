import NIOPosix
import Ports

/// Blocking work on a pool of threads.
package final class PoolWork: BlockingWork {
  private let pool: NIOThreadPool

  package init(threads: Int) {
    pool = NIOThreadPool(numberOfThreads: threads)
    pool.start()
  }

  package func run(_ work: @escaping @Sendable () -> Void) {
    pool.submit { _ in work() }
  }

  package func stop() async throws { try await pool.shutdownGracefully() }
}

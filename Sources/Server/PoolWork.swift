import NIOCore
import NIOPosix
import Ports

/// Blocking work on a pool of threads, as many as the machine has cores: reading is either work for a
/// core or waiting for a disk, which takes more than one question at a time.
package final class PoolWork: BlockingWork {
  /// One that waits for a disk never holds up all others.
  private static let threadsMin = 2

  package let threadCount = max(PoolWork.threadsMin, System.coreCount)
  private let pool: NIOThreadPool

  package init() {
    pool = NIOThreadPool(numberOfThreads: threadCount)
    pool.start()
  }

  /// Where the pool has stopped, `work` runs at once.
  package func run(_ work: @escaping @Sendable () -> Void) {
    pool.submit { _ in work() }
  }

  package func stop() async { try? await pool.shutdownGracefully() }

  /// For who can't wait for its end.
  package func stopLater() { pool.shutdownGracefully { _ in } }
}

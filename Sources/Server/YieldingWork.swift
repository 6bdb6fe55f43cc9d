import Files
import Glibc
import Ports

/// Blocking work on one thread that gives way: whoever serves somebody gets a core first. For what is
/// long, and what nobody waits for.
final class YieldingWork: BlockingWork {
  /// Linux keeps a niceness for each thread; 10 is a tenth of a share.
  private static let niceness: Int32 = 10

  private let worker: BackgroundWork

  init(name: String) {
    worker = BackgroundWork(name: name, OwnThreads())
    // Where that is refused the work is done all the same.
    worker.enqueue {
      _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, YieldingWork.niceness)
    }
  }

  func run(_ work: @escaping @Sendable () -> Void) { worker.enqueue(work) }

  /// Finishes what there is. Blocking.
  func stop() { worker.stop() }
}

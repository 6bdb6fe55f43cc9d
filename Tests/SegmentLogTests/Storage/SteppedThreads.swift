import Files

@testable import SegmentLog

/// Runs a log's workers only when it is told to, on the thread of whoever tells it.
final class SteppedThreads: LogThreads, @unchecked Sendable {
  /// Of an owner that is killed nobody takes the workers apart: they must not hold themselves.
  private final class Run: WorkerRun, @unchecked Sendable {
    private weak var worker: (any LogWorker)?
    init(_ worker: any LogWorker) { self.worker = worker }
    func join() { while let worker, worker.step(waits: false) != .ended {} }
  }

  private(set) var workers: [any LogWorker] = []
  var now = ContinuousClock.now

  func start(_ worker: any LogWorker, name: String) -> any WorkerRun {
    workers.append(worker)
    return Run(worker)
  }
}

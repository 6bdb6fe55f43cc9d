@testable import SegmentLog

/// Runs a log's workers only when it is told to, on the thread of whoever tells it.
final class SteppedThreads: LogThreads, @unchecked Sendable {
  private struct Run: WorkerRun {
    let worker: any LogWorker
    func join() { while worker.step(waits: false) != .ended {} }
  }

  private(set) var workers: [any LogWorker] = []
  var now = ContinuousClock.now

  func start(_ worker: any LogWorker, name: String) -> any WorkerRun {
    workers.append(worker)
    return Run(worker: worker)
  }
}

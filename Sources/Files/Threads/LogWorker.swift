/// Blocking work of the log, done in steps: a partition's writing, and what is done in the
/// background.
package protocol LogWorker: AnyObject, Sendable {
  /// Does what there is to do; waits until there is something, where `waits`.
  func step(waits: Bool) -> LogStep
}

package enum LogStep {
  case worked
  /// There was nothing to do.
  case idle
  /// Nothing is left to do, and nothing will come.
  case ended
}

/// Who steps the log's workers, and what time it is for them. A simulation steps them one at a time
/// and so decides alone what happens when.
package protocol LogThreads: Sendable {
  func start(_ worker: any LogWorker, name: String) -> any WorkerRun
  var now: ContinuousClock.Instant { get }
}

/// A worker that was started.
package protocol WorkerRun: Sendable {
  /// Returns once the worker has ended.
  func join()
}

/// A thread for each worker, as in a server.
package struct OwnThreads: LogThreads {
  package init() {}

  package func start(_ worker: any LogWorker, name: String) -> any WorkerRun {
    LogThread(name: name) { while worker.step(waits: true) != .ended {} }
  }

  package var now: ContinuousClock.Instant { .now }
}

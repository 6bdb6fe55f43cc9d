/// One worker for what must not hold the writers up: files made ready, indexes sealed.
///
/// `@unchecked Sendable`: all that changes is under the monitor's lock.
package final class BackgroundWork: LogWorker, @unchecked Sendable {
  private let monitor = Monitor()
  // Both under the monitor's lock.
  private var tasks: [@Sendable () -> Void] = []
  private var isStopping = false
  private var run: (any WorkerRun)?

  package init(name: String, _ threads: any LogThreads) {
    run = threads.start(self, name: name)
  }

  package func enqueue(_ task: @escaping @Sendable () -> Void) {
    monitor.lock()
    if !isStopping { tasks.append(task) }
    monitor.unlock()
    monitor.signal()
  }

  /// Finishes what was enqueued.
  package func stop() {
    monitor.lock()
    isStopping = true
    monitor.unlock()
    monitor.signal()
    run?.join()
    run = nil
  }

  package func step(waits: Bool) -> LogStep {
    monitor.lock()
    while waits && tasks.isEmpty && !isStopping { monitor.wait() }
    let taken = tasks
    tasks = []
    let isStopped = isStopping
    monitor.unlock()
    if taken.isEmpty { return isStopped ? .ended : .idle }
    for task in taken { task() }
    return .worked
  }
}

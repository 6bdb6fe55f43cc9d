/// One thread for what must not hold the writers up: files made ready, indexes sealed.
final class BackgroundWork: @unchecked Sendable {
  private let monitor = Monitor()
  // Both under the monitor's lock.
  private var tasks: [@Sendable () -> Void] = []
  private var isStopping = false
  private var thread: LogThread?

  init(name: String) {
    thread = LogThread(name: name) { [self] in run() }
  }

  func enqueue(_ task: @escaping @Sendable () -> Void) {
    monitor.lock()
    if !isStopping { tasks.append(task) }
    monitor.unlock()
    monitor.signal()
  }

  /// Finishes what was enqueued.
  func stop() {
    monitor.lock()
    isStopping = true
    monitor.unlock()
    monitor.signal()
    thread?.join()
    thread = nil
  }

  private func run() {
    while true {
      monitor.lock()
      while tasks.isEmpty && !isStopping { monitor.wait() }
      let taken = tasks
      tasks = []
      let ended = taken.isEmpty
      monitor.unlock()
      if ended { return }
      for task in taken { task() }
    }
  }
}

import Glibc

/// A thread with a name, for work that blocks.
package final class LogThread: WorkerRun {
  private let handle: pthread_t

  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// `name` is cut at 15 bytes, which is what Linux keeps.
  package init(name: String, body: @escaping @Sendable () -> Void) {
    let start = Unmanaged.passRetained(Start(String(name.prefix(15)), body))
    var handle = pthread_t()
    let failure = pthread_create(
      &handle, nil,
      { argument in
        let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
        LogThread.name(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    precondition(failure == 0, "no thread can be started: \(String(cString: strerror(failure)))")
    self.handle = handle
  }

  /// pthread_setname_np is a GNU extension, which Swift's Glibc doesn't show; this is what it does.
  private static func name(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    var name = name
    name.withUTF8 { _ = write(file, $0.baseAddress, $0.count) }
    close(file)
  }

  package func join() { pthread_join(handle, nil) }
}

/// A mutex with one condition, whose waits may end by themselves.
///
/// `@unchecked Sendable`: the pthread objects that it points to are made for several threads.
package final class Monitor: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  package init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // A clock that is set back must not hold a wait.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  package func lock() { pthread_mutex_lock(mutex) }
  package func unlock() { pthread_mutex_unlock(mutex) }
  package func signal() { pthread_cond_signal(condition) }

  /// Call with the lock held; may wake without a signal.
  package func wait() { pthread_cond_wait(condition, mutex) }

  /// False when `milliseconds` passed without a signal.
  package func wait(milliseconds: Int) -> Bool {
    var until = timespec()
    clock_gettime(CLOCK_MONOTONIC, &until)
    until.tv_sec += milliseconds / 1000
    until.tv_nsec += milliseconds % 1000 * 1_000_000
    if until.tv_nsec >= 1_000_000_000 {
      until.tv_sec += 1
      until.tv_nsec -= 1_000_000_000
    }
    return pthread_cond_timedwait(condition, mutex, &until) != ETIMEDOUT
  }
}

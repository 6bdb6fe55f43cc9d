import Dispatch
import NIOCore

/// An event loop that does one task when it is told to, so that the order of what several loops do
/// is the simulation's choice. Unlike `EmbeddedEventLoop` it says that it is in the loop only while
/// one of its tasks runs: what comes from elsewhere has to wait its turn.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimLoop: EventLoop, @unchecked Sendable {
  private struct Job {
    var run: @Sendable () -> Void
    /// A promise that nobody keeps is an error to NIO.
    var cancel: @Sendable () -> Void = {}
  }

  private struct Timer {
    var id: UInt64
    var deadline: NIODeadline
    var job: Job
  }

  private(set) var inEventLoop = false
  private(set) var now = NIODeadline.uptimeNanoseconds(0)
  private var ready = CircularBuffer<Job>()
  private var timers: [Timer] = []
  private var lastTimer: UInt64 = 0
  private var isDead = false

  var hasWork: Bool { !ready.isEmpty }

  func isDue(within amount: TimeAmount) -> Bool {
    timers.contains { $0.deadline <= now + amount }
  }

  func runOne() {
    let job = ready.removeFirst()
    within(job.run)
  }

  /// Runs something as a task of this loop, ahead of all that waits.
  func within<T>(_ body: () -> T) -> T {
    precondition(!inEventLoop)
    inEventLoop = true
    defer { inEventLoop = false }
    return body()
  }

  func advance(by amount: TimeAmount) {
    now = now + amount
    let due = timers.filter { $0.deadline <= now }
      .sorted { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
    timers.removeAll { $0.deadline <= now }
    ready.append(contentsOf: due.map(\.job))
  }

  /// The process is gone: nothing of it happens any more.
  func die() {
    isDead = true
    within { for job in ready + timers.map(\.job) { job.cancel() } }
    ready.removeAll()
    timers.removeAll()
  }

  // MARK: EventLoop

  func execute(_ task: @escaping @Sendable () -> Void) {
    if !isDead { ready.append(Job(run: task)) }
  }

  func scheduleTask<T>(
    deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
  ) -> Scheduled<T> {
    let promise = makePromise(of: T.self)
    lastTimer += 1
    let id = lastTimer
    let cancel: @Sendable () -> Void = {
      promise.assumeIsolatedUnsafeUnchecked().completeWith(.failure(EventLoopError.cancelled))
    }
    let run: @Sendable () -> Void = {
      promise.assumeIsolatedUnsafeUnchecked().completeWith(Result { try task() })
    }
    if isDead {
      if inEventLoop { cancel() } else { within(cancel) }
    } else {
      let job = Job(run: run, cancel: cancel)
      timers.append(Timer(id: id, deadline: deadline, job: job))
    }
    return Scheduled(promise: promise) { self.timers.removeAll { $0.id == id } }
  }

  func scheduleTask<T>(
    in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T
  ) -> Scheduled<T> {
    scheduleTask(deadline: now + delay, task)
  }

  func shutdownGracefully(
    queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void
  ) {
    queue.async { callback(nil) }
  }
}

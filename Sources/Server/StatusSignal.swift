import Foundation

/// SIGUSR1 as something to act upon: `answer` is called on a thread of its own for each. A process that
/// does nothing about it would be ended by it.
enum StatusSignal {
  /// Counts the signals: one of the few things that a signal handler may touch.
  private nonisolated(unsafe) static let raised: UnsafeMutablePointer<sem_t> = {
    let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
    return semaphore
  }()

  /// To be called once.
  static func listen(_ answer: @escaping @Sendable () -> Void) {
    // Made here, for a handler could not.
    _ = raised
    let thread = Thread {
      while true {
        while sem_wait(StatusSignal.raised) != 0 {}
        answer()
      }
    }
    thread.name = "status"
    thread.start()
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in sem_post(StatusSignal.raised) }
    action.sa_flags = SA_RESTART
    sigaction(SIGUSR1, &action, nil)
    // Of no use here, and no reason to end.
    signal(SIGUSR2, SIG_IGN)
  }
}

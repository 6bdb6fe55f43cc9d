import Foundation

/// Signals by which an operator asks something of a running server, each with a thread of its own that
/// acts upon it. A process that did nothing about them would be ended by them.
enum OperatorSignals {
  /// SIGUSR1: say how things stand.
  private nonisolated(unsafe) static let status = semaphore()
  /// SIGHUP: read anew what may have changed.
  private nonisolated(unsafe) static let reload = semaphore()

  /// Counts signals: one of the few things that a signal handler may touch.
  private static func semaphore() -> UnsafeMutablePointer<sem_t> {
    let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
    return semaphore
  }

  /// To be called once.
  static func onStatus(_ act: @escaping @Sendable () -> Void) {
    // Made here, for a handler could not.
    _ = status
    wait(for: { status }, named: "status", act)
    handle(SIGUSR1) { _ in sem_post(OperatorSignals.status) }
    // Of no use here, and no reason to end.
    signal(SIGUSR2, SIG_IGN)
  }

  /// The same. A server whose terminal is closed gets SIGHUP too, and is then to end as every program in
  /// a terminal; one that ignores it already, as under nohup, goes on doing so.
  static func onReload(_ act: @escaping @Sendable () -> Void) {
    var action = sigaction()
    if sigaction(SIGHUP, nil, &action) == 0,
      unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    {
      return
    }
    _ = reload
    let hadTerminal = hasTerminal
    wait(for: { reload }, named: "reload") {
      guard !hadTerminal || hasTerminal else { return _ = kill(getpid(), SIGTERM) }
      act()
    }
    handle(SIGHUP) { _ in sem_post(OperatorSignals.reload) }
  }

  private static var hasTerminal: Bool {
    let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
    if terminal >= 0 { close(terminal) }
    return terminal >= 0
  }

  private static func wait(
    for semaphore: @escaping @Sendable () -> UnsafeMutablePointer<sem_t>, named name: String,
    _ act: @escaping @Sendable () -> Void
  ) {
    let thread = Thread {
      while true {
        while sem_wait(semaphore()) != 0 {}
        act()
      }
    }
    thread.name = name
    thread.start()
  }

  private static func handle(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = handler
    action.sa_flags = SA_RESTART
    sigaction(number, &action, nil)
  }
}

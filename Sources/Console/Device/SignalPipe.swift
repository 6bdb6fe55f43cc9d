import Glibc

/// Signals as bytes of a pipe, each the signal's number: a thread that waits for keys waits for them
/// too. One for the process, as signals are.
enum SignalPipe {
  /// What to read from, and what handlers write to.
  private static let ends: (reading: Int32, writing: Int32) = {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0, "no two files are left to be opened")
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    return (ends[0], ends[1])
  }()

  static var reading: Int32 { ends.reading }

  /// From now on, or again after it was left to the system.
  static func handle(_ number: Int32) {
    // Made here, for a handler could not.
    _ = ends
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { SignalPipe.send(UInt8(truncatingIfNeeded: $0)) }
    action.sa_flags = SA_RESTART
    sigaction(number, &action, nil)
  }

  static func leave(_ number: Int32) { signal(number, SIG_DFL) }

  /// Lets the system do with this process what it does on the signal, before this returns.
  static func obey(_ number: Int32) {
    // Threads that Swift's tasks run on block signals, and so do threads that those have made.
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    leave(number)
    // To this thread, so that nothing here goes on before.
    raise(number)
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }

  /// 0 only wakes who reads.
  static func send(_ byte: UInt8) {
    let before = errno
    var byte = byte
    _ = write(ends.writing, &byte, 1)
    errno = before
  }
}

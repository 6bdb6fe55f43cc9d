import Foundation
import NIOConcurrencyHelpers

/// SIGINT and SIGTERM, and SIGHUP where that stands for no other wish, as something to wait for, from the
/// moment on in which this is made. A second one of a kind ends the process at once. A SIGHUP that is
/// ignored already, as under nohup, stays so.
package final class StopSignal: Sendable {
  /// Thrown where a start goes no further, for the process was told to stop.
  package struct Raised: Error {
    package init() {}
  }

  /// Counts the signals: one of the few things that a signal handler may touch.
  private nonisolated(unsafe) static let raised: UnsafeMutablePointer<sem_t> = {
    let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
    return semaphore
  }()

  private let signals: AsyncStream<Void>
  private let isRaised = NIOLockedValueBox(false)

  package init(_ numbers: [Int32] = [SIGINT, SIGTERM, SIGHUP]) {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    signals = stream
    // Made here, for a handler could not.
    _ = StopSignal.raised
    let thread = Thread { [isRaised] in
      while sem_wait(StopSignal.raised) != 0 {}
      isRaised.withLockedValue { $0 = true }
      continuation.finish()
    }
    thread.name = "signals"
    thread.start()
    for number in numbers { StopSignal.handle(number) }
  }

  private static func handle(_ number: Int32) {
    var action = sigaction()
    if number == SIGHUP, sigaction(number, nil, &action) == 0,
      unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    {
      return
    }
    action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in sem_post(StopSignal.raised) }
    action.sa_flags = SA_RESTART | Int32(bitPattern: UInt32(SA_RESETHAND))
    sigaction(number, &action, nil)
  }

  package func wait() async {
    for await _ in signals {}
  }

  package var wasRaised: Bool { isRaised.withLockedValue { $0 } }

  /// Throws `Raised`.
  package func check() throws {
    if wasRaised { throw Raised() }
  }
}

package import DaybookModel
import Glibc
import Ports

/// The machine's clock.
package struct SystemClock: WallClock {
  package init() {}

  package func uptime() -> Timestamp { time(CLOCK_MONOTONIC) }
  package func now() -> Timestamp { time(CLOCK_REALTIME) }

  private func time(_ clock: clockid_t) -> Timestamp {
    var time = timespec()
    clock_gettime(clock, &time)
    // A clock that is set before 1970 is as wrong as one at 1970.
    let seconds = UInt64(max(0, time.tv_sec))
    return Timestamp(milliseconds: seconds * 1000 + UInt64(time.tv_nsec) / 1_000_000)
  }
}

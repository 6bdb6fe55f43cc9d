import Glibc

extension ChatClock {
  /// The machine's time, of the zone that TZ or the system names.
  package static let system: ChatClock = {
    tzset()
    return ChatClock(
      now: {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
      },
      offset: { seconds in
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        return Int(parts.tm_gmtoff)
      })
  }()
}

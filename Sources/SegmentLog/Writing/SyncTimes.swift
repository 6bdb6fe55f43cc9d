/// How long the last syncs of the journal took, to know whether a thread that has other things to do may
/// wait for the next. Handing a sync to another thread costs two wake-ups, some 100 us of both threads'
/// time: not much less than a sync on a disk that is worth waiting for.
struct SyncTimes {
  /// So many are remembered, of which half may be slower than `quick`, and one in a hundred a stall.
  private static let kept = 128
  private static let slowMax = kept / 2
  private static let stallsMax = kept / 100
  private static let quick = Duration.milliseconds(1)
  /// What holds up whoever waits so long that they should be told.
  static let stall = Duration.milliseconds(10)

  private enum Time: Int {
    case quick, slow, stall

    init(_ duration: Duration) {
      self = duration >= SyncTimes.stall ? .stall : duration >= SyncTimes.quick ? .slow : .quick
    }
  }

  private var times = [Time](repeating: .stall, count: kept)
  private var next = 0
  /// How many are remembered of each.
  private var counts = [0, 0, kept]

  /// The median is below 1 ms and the 99th percentile below 10 ms, of as many syncs as are remembered.
  var areQuick: Bool {
    counts[Time.stall.rawValue] <= SyncTimes.stallsMax
      && counts[Time.slow.rawValue] + counts[Time.stall.rawValue] <= SyncTimes.slowMax
  }

  mutating func add(_ duration: Duration) {
    let now = Time(duration)
    counts[times[next].rawValue] -= 1
    counts[now.rawValue] += 1
    times[next] = now
    next = (next + 1) % SyncTimes.kept
    assert(counts.reduce(0, +) == SyncTimes.kept, "as many are counted as are remembered")
  }
}

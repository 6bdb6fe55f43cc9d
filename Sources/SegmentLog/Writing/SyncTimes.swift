/// How long the last syncs of the journal took, to know whether a thread that has other things to do may
/// wait for the next.
struct SyncTimes {
  /// So many are remembered, of which one in a hundred may be slow.
  private static let kept = 128
  private static let slowMax = kept / 100
  private static let quick = Duration.microseconds(300)
  /// What holds up whoever waits so long that they should be told.
  static let stall = Duration.milliseconds(10)

  private var isSlow = [Bool](repeating: true, count: kept)
  private var next = 0
  private var slow = kept

  /// The 99th percentile is below 300 us, of as many syncs as are remembered.
  var areQuick: Bool { slow <= SyncTimes.slowMax }

  mutating func add(_ duration: Duration) {
    let now = duration >= SyncTimes.quick
    if isSlow[next] { slow -= 1 }
    if now { slow += 1 }
    isSlow[next] = now
    next = (next + 1) % SyncTimes.kept
    assert((0...SyncTimes.kept).contains(slow), "no more are slow than are remembered")
  }
}

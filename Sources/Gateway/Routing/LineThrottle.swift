import DaybookModel

/// Lets so many lines of a kind through in each interval, and counts the others: who knocks ten thousand
/// times costs the operator's disk a handful of lines, and is counted all the same.
struct LineThrottle {
  static let linesMax = 20
  static let intervalMilliseconds: UInt64 = 10_000

  private var began = Timestamp.none
  private var lines = 0
  private var suppressed = 0

  /// Whether a line is written now. `now` is a time that nobody sets.
  mutating func admits(at now: Timestamp) -> Bool {
    if now.milliseconds >= began.milliseconds + LineThrottle.intervalMilliseconds, suppressed == 0 {
      (began, lines) = (now, 0)
    }
    guard lines < LineThrottle.linesMax else {
      suppressed += 1
      return false
    }
    lines += 1
    return true
  }

  /// How many lines were not written since the last time, once their interval is over; a new one
  /// begins.
  mutating func takeSuppressed(at now: Timestamp) -> Int? {
    guard suppressed > 0,
      now.milliseconds >= began.milliseconds + LineThrottle.intervalMilliseconds
    else { return nil }
    defer { (began, lines, suppressed) = (now, 0, 0) }
    return suppressed
  }
}

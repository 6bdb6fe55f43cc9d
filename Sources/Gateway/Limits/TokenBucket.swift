import DaybookModel
import Ports

/// A token bucket (Turner, "New directions in communications", 1986): full at first. Times are of a clock
/// that is not set.
struct TokenBucket: Sendable {
  private var tokens: Double
  private var at: Timestamp

  init(_ rate: Rate, now: Timestamp) {
    tokens = rate.burst
    at = now
  }

  /// Nil if they were there and are taken; otherwise nothing is, and there will be enough after that. More
  /// than the burst is taken once the bucket is full, and owed.
  mutating func take(_ rate: Rate, _ count: Double = 1, now: Timestamp) -> Duration? {
    fill(rate, now)
    let needed = min(count, rate.burst)
    guard tokens < needed else {
      tokens -= count
      return nil
    }
    let milliseconds = ((needed - tokens) / rate.perSecond * 1_000).rounded(.up)
    return .milliseconds(Int64(min(milliseconds, 86_400_000)))
  }

  /// Takes what has come already, and may owe some: nil if it does not, otherwise for how long it will.
  mutating func charge(_ rate: Rate, _ count: Double, now: Timestamp) -> Duration? {
    fill(rate, now)
    tokens -= count
    guard tokens < 0 else { return nil }
    return .milliseconds(Int64(min((-tokens / rate.perSecond * 1_000).rounded(.up), 86_400_000)))
  }

  /// Nothing was taken that has not grown again: a bucket that was made now would be no different.
  mutating func isFull(_ rate: Rate, now: Timestamp) -> Bool {
    fill(rate, now)
    return tokens >= rate.burst
  }

  private mutating func fill(_ rate: Rate, _ now: Timestamp) {
    guard now > at else { return }
    let seconds = Double(now.milliseconds - at.milliseconds) / 1_000
    tokens = min(rate.burst, tokens + seconds * rate.perSecond)
    at = now
  }
}

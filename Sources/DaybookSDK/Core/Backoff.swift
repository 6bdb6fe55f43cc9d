/// How long to wait before a further attempt: exponential with full jitter, so that clients whom
/// one failure threw out don't come back as one ("Exponential Backoff and Jitter", AWS, 2015).
package struct Backoff: Sendable {
  package let firstMilliseconds: UInt64
  package let maxMilliseconds: UInt64
  /// No pause is longer, whatever is asked for.
  private static let dayMilliseconds: UInt64 = 86_400_000
  private var attempts: UInt64 = 0

  package init(firstMilliseconds: UInt64, maxMilliseconds: UInt64) {
    self.firstMilliseconds = min(firstMilliseconds, Backoff.dayMilliseconds)
    self.maxMilliseconds = min(maxMilliseconds, Backoff.dayMilliseconds)
  }

  /// Milliseconds to wait: between 0 and the ceiling, which doubles with each attempt.
  package mutating func next(using random: inout some RandomNumberGenerator) -> UInt64 {
    UInt64.random(in: 0...nextCeiling(), using: &random)
  }

  package mutating func nextCeiling() -> UInt64 {
    // 2^20 times the first is past any ceiling that makes sense.
    let ceiling = min(maxMilliseconds, firstMilliseconds << min(attempts, 20))
    attempts += 1
    return ceiling
  }

  /// An attempt succeeded.
  package mutating func reset() { attempts = 0 }
}

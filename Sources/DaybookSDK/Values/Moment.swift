import DaybookModel

/// A moment of Unix time (since 1970, without leap seconds), to the millisecond: of the server's
/// clock, or, where it is said so, of a sender's. `Date(timeIntervalSince1970: moment.secondsSince1970)`
/// is Foundation's.
public struct Moment: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public var millisecondsSince1970: UInt64

  /// From milliseconds since 1970-01-01T00:00:00Z.
  public init(millisecondsSince1970: UInt64) { self.millisecondsSince1970 = millisecondsSince1970 }

  /// From seconds since 1970-01-01T00:00:00Z, which a fraction of a second may belong to. What is
  /// before that, or no number, is taken for it.
  public init(secondsSince1970: Double) {
    let milliseconds = (secondsSince1970 * 1_000).rounded()
    self.init(millisecondsSince1970: UInt64(exactly: max(0, milliseconds)) ?? 0)
  }

  init?(ifAny milliseconds: UInt64) {
    guard milliseconds > 0 else { return nil }
    self.init(millisecondsSince1970: milliseconds)
  }

  init(_ time: Timestamp) { self.init(millisecondsSince1970: time.milliseconds) }

  /// Seconds since 1970-01-01T00:00:00Z.
  public var secondsSince1970: Double { Double(millisecondsSince1970) / 1_000 }

  /// Whether it was before the other.
  public static func < (a: Moment, b: Moment) -> Bool {
    a.millisecondsSince1970 < b.millisecondsSince1970
  }

  /// Later by this time, in whole milliseconds.
  public static func + (moment: Moment, duration: Duration) -> Moment {
    Moment(millisecondsSince1970: moment.millisecondsSince1970 + duration.wholeMilliseconds)
  }

  /// From `b` to `a`; negative where `b` is the later one.
  public static func - (a: Moment, b: Moment) -> Duration {
    .milliseconds(a.millisecondsSince1970) - .milliseconds(b.millisecondsSince1970)
  }

  /// As RFC 3339 writes it, in UTC: `2026-11-29T16:04:05.678Z`.
  public var description: String { Timestamp(milliseconds: millisecondsSince1970).rfc3339 }
}

extension Duration {
  /// Rounded down; 0 for a negative one, and the largest there is for one that is longer.
  package var wholeMilliseconds: UInt64 {
    guard self > .zero else { return 0 }
    let (seconds, attoseconds) = components
    let (whole, isTooLong) = UInt64(seconds).multipliedReportingOverflow(by: 1_000)
    return isTooLong ? .max : whole + UInt64(attoseconds / 1_000_000_000_000_000)
  }
}

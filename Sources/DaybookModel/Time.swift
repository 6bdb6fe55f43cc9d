/// Milliseconds since 1970-01-01T00:00:00Z. Recorded, never trusted for order.
package struct Timestamp: Hashable, Comparable, Sendable {
  package let milliseconds: UInt64

  @inlinable
  package init(milliseconds: UInt64) { self.milliseconds = milliseconds }

  /// What an event has whose client stated no time.
  package static let none = Timestamp(milliseconds: 0)

  @inlinable
  package static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }
}

extension Timestamp {
  /// RFC 3339 in UTC with milliseconds: `2026-01-31T09:14:00.000Z`.
  package var rfc3339: String {
    let days = Int(milliseconds / 86_400_000)
    let (year, month, day) = Timestamp.civil(fromDays: days)
    let inDay = milliseconds % 86_400_000
    func padded(_ value: UInt64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = "\(padded(UInt64(year), 4))-\(padded(UInt64(month), 2))-\(padded(UInt64(day), 2))"
    let time =
      "\(padded(inDay / 3_600_000, 2)):\(padded(inDay / 60_000 % 60, 2)):\(padded(inDay / 1000 % 60, 2))"
    return "\(date)T\(time).\(padded(inDay % 1000, 3))Z"
  }

  /// Midnight UTC of a day of the proleptic Gregorian calendar, or nil if there is no such day.
  package static func midnight(year: Int, month: Int, day: Int) -> Timestamp? {
    guard year >= 1970, (1...12).contains(month), (1...31).contains(day) else { return nil }
    let count = days(fromCivil: year, month, day)
    guard civil(fromDays: count) == (year, month, day) else { return nil }
    return Timestamp(milliseconds: UInt64(count) * 86_400_000)
  }

  // Both conversions count in eras of 400 years that begin on 1 March, so that the
  // leap day is an era's last (Howard Hinnant, "chrono-compatible low-level date algorithms").
  private static func days(fromCivil year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

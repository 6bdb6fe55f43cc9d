import DaybookModel
import DaybookSDK

/// What time it is, and how far local time is ahead of UTC: given from outside, so that what is
/// shown is tested for any place.
package struct ChatClock: Sendable {
  /// Milliseconds since 1970.
  let now: @Sendable () -> UInt64
  /// Seconds by which local time is ahead of UTC at a moment, which is in seconds since 1970.
  let offset: @Sendable (Int) -> Int

  /// `2026-11-29T16:04…` of local time.
  private func local(_ milliseconds: UInt64) -> String {
    let offset = offset(Int(clamping: milliseconds / 1_000)) * 1_000
    let shifted = Int64(clamping: milliseconds) + Int64(offset)
    return Timestamp(milliseconds: UInt64(max(0, shifted))).rfc3339
  }

  /// `16:04`
  func time(_ milliseconds: UInt64) -> String {
    String(local(milliseconds).dropFirst(11).prefix(5))
  }

  /// `2026-11-29`
  func date(_ milliseconds: UInt64) -> String { String(local(milliseconds).prefix(10)) }

  /// `2026-11-29 16:04`
  func moment(_ moment: Moment) -> String {
    let milliseconds = moment.millisecondsSince1970
    return "\(date(milliseconds)) \(time(milliseconds))"
  }

  /// `Sunday, 29 November 2026`
  func day(_ milliseconds: UInt64) -> String {
    let date = date(milliseconds)
    let parts = date.split(separator: "-").compactMap { Int($0) }
    guard parts.count == 3, (1...12).contains(parts[1]) else { return date }
    let offset = offset(Int(clamping: milliseconds / 1_000))
    // 1 January 1970 was a Thursday.
    let days = (Int(clamping: milliseconds / 1_000) + offset) / 86_400
    let weekday = ChatClock.weekdays[(days + 4) % 7]
    return "\(weekday), \(parts[2]) \(ChatClock.months[parts[1] - 1]) \(parts[0])"
  }

  private static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
}

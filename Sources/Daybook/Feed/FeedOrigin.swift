import ArgumentParser
import DaybookFeed
import DaybookModel
import DaybookSDK
import Foundation

/// Where a feed begins, as people write it.
enum FeedOrigin {
  /// Throws `invalid_argument`.
  static func parse(
    _ text: String, now: Date = Date()
  ) throws(DaybookError) -> FeedStart {
    if text == "start" { return .beginning }
    if text == "now" { return .now }
    if text.hasPrefix("@") { return .named(String(text.dropFirst())) }
    if let offset = UInt64(text) { return .offset(offset) }
    if let time = try? Date(text, strategy: .iso8601), time.timeIntervalSince1970 >= 0 {
      return .time(milliseconds: UInt64(time.timeIntervalSince1970 * 1_000))
    }
    if let span = TimeSpan(text) {
      let time = max(0, now.timeIntervalSince1970 - Double(span.seconds))
      return .time(milliseconds: UInt64(time * 1_000))
    }
    do throws(ClientError) {
      return .position(try FeedPosition(text: text))
    } catch {
      throw DaybookError(
        .invalidArgument,
        "--from is start, now, a time as 2026-01-31T09:00:00Z or 1h, an offset, @NAME, or a position, not "
          + PrintableText.quoted(text))
    }
  }
}

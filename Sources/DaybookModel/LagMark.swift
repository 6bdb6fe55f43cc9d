/// For how long who follows a log has been without what it has: the age of one mark at a time, set at the
/// log's end while something is missing, and passed when all up to it has come. Under steady load it tells
/// how far behind somebody is in time, without a time for each event.
package struct LagMark: Sendable {
  private var mark: (end: UInt64, since: ContinuousClock.Instant)?

  package init() {}

  /// `position` is how far it has come, `end` how far there is something; any measure that only rises.
  package mutating func lag(
    at position: UInt64, of end: UInt64, now: ContinuousClock.Instant = .now
  ) -> Duration {
    if let mark, position >= mark.end { self.mark = nil }
    if mark == nil, position < end { mark = (end, now) }
    return mark.map { now - $0.since } ?? .zero
  }
}

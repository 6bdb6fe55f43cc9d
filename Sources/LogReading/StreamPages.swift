package import DaybookModel
import NIOCore
package import Ports

/// A stream's events by seq, read from the log through its postings. Blocking.
package struct StreamPages: Sendable {
  let log: any SearchableLog
  let clock: any WallClock

  package init(log: any SearchableLog, clock: any WallClock) {
    self.log = log
    self.clock = clock
  }

  /// The stream's events with `first <= seq <= last`, ascending, at most `limit`, and no more than
  /// `bytesMax` of them unless the first alone is larger.
  package func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int, bytesMax: Int
  ) throws(DaybookError) -> [StreamEvent] {
    guard limit > 0 else { return [] }
    var events: [Event] = []
    var page: [StreamEvent] = []
    var bytes = 0
    let range = StreamRange(log: log, stream: stream)
    try range.forEach(from: first, through: last, wanted: limit, room: bytesMax) { event, stored in
      bytes += stored.bytes.readableBytes
      guard events.isEmpty || bytes <= bytesMax else { return false }
      events.append(event)
      page.append(StreamEvent(seq: event.seq, messageID: event.messageID, bytes: stored.bytes))
      return events.count < limit
    }
    // The clock is read once everything is: a page is as of one moment.
    let tombstones = Tombstones(log: log, stream: stream, now: clock.now())
    let replacements = try tombstones.replacements(
      events, try tombstones.amendments(of: events).byID)
    for (at, replacement) in replacements.enumerated() {
      if let replacement { page[at].bytes = replacement }
    }
    return page
  }
}

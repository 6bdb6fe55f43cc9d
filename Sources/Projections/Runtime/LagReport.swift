import DaybookModel
import Logging

/// Tells the operator of projections that stay behind the log: once that has lasted, and so long as it
/// lasts, with rate and time left; and once when it is over.
struct LagReport {
  static let interval = Duration.seconds(10)
  /// What is fewer is caught up with in no time.
  static let eventsMin: UInt64 = 10_000

  private var since: (instant: ContinuousClock.Instant, events: UInt64)?
  private var isTold = false

  /// `events` is how far the one that is furthest behind is.
  mutating func note(_ events: UInt64, now: ContinuousClock.Instant, _ logger: Logger) {
    guard events >= LagReport.eventsMin else {
      if events == 0 {
        if isTold { logger.notice("the projections have caught up with the log") }
        (since, isTold) = (nil, false)
      }
      return
    }
    guard let began = since else { return since = (now, events) }
    guard now - began.instant >= LagReport.interval else { return }
    let seconds = (now - began.instant) / .seconds(1)
    let rate = (Double(began.events) - Double(events)) / seconds
    let pace =
      rate > 0
      ? "\(Int(rate)) fewer a second, about \(Int((Double(events) / rate).rounded(.up))) s left"
      : "and do not come nearer"
    logger.log(
      level: rate > 0 ? .info : .warning,
      "the projections are \(events) events behind the log, \(pace)",
      metadata: ["events": "\(events)"])
    (since, isTold) = ((now, events), true)
  }
}

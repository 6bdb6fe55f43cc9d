package import DaybookModel
package import Logging
package import Metrics
import NIOConcurrencyHelpers

/// How far each partition's clock has got: what any of them has given is no id from the future to
/// the others, however wrong the clock of the machine was then or is now.
///
/// Shared by all owners.
package final class PartitionClocks: Sendable {
  private struct State {
    /// Of the highest id that each partition has given or seen.
    var ticks: [UInt64]
    /// The latest time that the log speaks of, be it of an id or of an event.
    var latest = Timestamp.none
    var isTold = false
  }

  private let state: NIOLockedValueBox<State>
  private let logger: Logger
  private let lead: Meter

  package init(
    partitionCount: Int, logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory
  ) {
    lead = Meter(label: "daybook_clock_lead_seconds", factory: metrics)
    state = NIOLockedValueBox(State(ticks: Array(repeating: 0, count: partitionCount)))
    self.logger = logger
  }

  /// Ticks of the highest id that a partition has given; none for one that there isn't.
  package func given(_ partition: PartitionID) -> UInt64 {
    state.withLockedValue { state in
      partition.index < state.ticks.count ? state.ticks[partition.index] : 0
    }
  }

  /// The partition has decided so far.
  func advanced(_ partition: borrowing PartitionState) {
    let (index, clock) = (partition.partition.index, partition.clock)
    let time = MessageID(ticks: clock.ticks, partition: partition.partition).time
    let latest = clock.ticks == 0 ? partition.recordedAt : max(time, partition.recordedAt)
    state.withLockedValue { state in
      state.ticks[index] = max(state.ticks[index], clock.ticks)
      state.latest = max(state.latest, latest)
    }
  }

  /// Nobody knows what a partition has given whose log can't be read: what names it may be its own.
  func unknown(_ partition: PartitionID) {
    state.withLockedValue { $0.ticks[partition.index] = MessageClock.ticksMax }
  }

  /// Tells the operator when the log is found to be ahead of the machine's clock, and when it is no
  /// longer.
  func compare(with now: Timestamp) {
    let (ahead, isOver) = state.withLockedValue { state -> (UInt64?, Bool) in
      let ahead = now < state.latest ? state.latest.milliseconds - now.milliseconds : 0
      lead.set(Double(ahead) / 1_000)
      if state.isTold {
        guard ahead == 0 else { return (nil, false) }
        state.isTold = false
        return (nil, true)
      }
      guard ahead > Limits.clockAheadMillisecondsMax else { return (nil, false) }
      state.isTold = true
      return (ahead, false)
    }
    if isOver { logger.notice("this machine's clock has caught up with the log") }
    if let ahead {
      logger.warning(
        """
        the log is \(PartitionClocks.span(ahead)) ahead of this machine's clock: that was ahead before, \
        or is behind now; message ids and recorded times go on from the log's until it has caught up
        """, metadata: ["ahead_ms": "\(ahead)"])
    }
  }

  /// In the two largest units that it has: `59 min 58 s`, `1 d 2 h`.
  static func span(_ milliseconds: UInt64) -> String {
    let seconds = milliseconds / 1_000
    let parts = [
      (seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"),
      (seconds % 60, "s"),
    ]
    guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0 s" }
    return parts[first...].prefix(2).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
      .joined(separator: " ")
  }
}

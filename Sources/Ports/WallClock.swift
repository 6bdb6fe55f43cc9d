package import DaybookModel

/// Wall clock as a value, so that a simulated run is the same code.
package protocol WallClock: Sendable {
  func now() -> Timestamp

  /// Time since some moment, which nobody sets: for how long something has lasted. A clock that is
  /// never set may give the time of day.
  func uptime() -> Timestamp
}

extension WallClock {
  package func uptime() -> Timestamp { now() }
}

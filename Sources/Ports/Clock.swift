import DaybookModel

/// Wall clock as a value, so that a simulated run is the same code.
package protocol WallClock: Sendable {
  func now() -> Timestamp
}

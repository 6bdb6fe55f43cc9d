import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// Stands still until it is set.
final class TestClock: WallClock {
  private let time = NIOLockedValueBox(Timestamp.none)

  func now() -> Timestamp { time.withLockedValue { $0 } }
  func set(_ milliseconds: UInt64) {
    time.withLockedValue { $0 = Timestamp(milliseconds: milliseconds) }
  }
}

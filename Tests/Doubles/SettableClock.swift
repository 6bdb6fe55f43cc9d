package import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// A clock that stands still until a test sets it.
package final class SettableClock: WallClock {
  private let time: NIOLockedValueBox<Timestamp>

  package init(_ time: Timestamp = .none) { self.time = NIOLockedValueBox(time) }

  package func now() -> Timestamp { time.withLockedValue { $0 } }

  package func set(_ time: Timestamp) { self.time.withLockedValue { $0 = time } }
}

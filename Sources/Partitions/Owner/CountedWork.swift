import NIOConcurrencyHelpers
import Ports

/// Other work, and how much of it is under way: while states are written down the disk is busy, and no
/// loop should wait for a sync then.
final class CountedWork: BlockingWork {
  private let work: any BlockingWork
  private let underWay = NIOLockedValueBox(0)

  init(_ work: any BlockingWork) { self.work = work }

  var isIdle: Bool { underWay.withLockedValue { $0 == 0 } }

  func run(_ task: @escaping @Sendable () -> Void) {
    underWay.withLockedValue { $0 += 1 }
    work.run { [underWay] in
      task()
      underWay.withLockedValue { $0 -= 1 }
    }
  }
}

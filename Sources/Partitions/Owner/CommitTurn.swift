import DaybookModel
package import NIOCore
import Ports

/// What the owners of one event loop have decided goes to the log together, at the end of the loop's
/// turn, and shares one write and one sync. What nobody waits for begins none: it goes with what
/// somebody waits for, or after a while.
///
/// `@unchecked Sendable`: touched on its loop only.
package final class CommitTurn: @unchecked Sendable {
  /// How long the consequences of a message, and acks, may wait for company.
  package static let patience = TimeAmount.milliseconds(5)

  let loop: any EventLoop
  private let log: any LogWriter
  private let patience: TimeAmount
  /// Whether the loop may wait for a sync, where the log has found them to be quick.
  private let mayBlock: () -> Bool
  /// With something for the log, in the order in which it came to them.
  private var owners: [PartitionOwner] = []
  /// The end of this turn is awaited.
  private var isDue = false
  private var timer: Scheduled<Void>?

  init(
    _ loop: any EventLoop, log: any LogWriter, patience: TimeAmount,
    mayBlock: @escaping () -> Bool = { true }
  ) {
    self.loop = loop
    self.log = log
    self.patience = patience
    self.mayBlock = mayBlock
  }

  func add(_ owner: PartitionOwner, isAwaited: Bool) {
    loop.assertInEventLoop()
    if !owner.isInTurn {
      owner.isInTurn = true
      owners.append(owner)
    }
    if isAwaited {
      guard !isDue else { return }
      isDue = true
      loop.execute { self.end() }
    } else if !isDue, timer == nil {
      timer = loop.scheduleTask(in: patience) { self.end() }
    }
  }

  private func end() {
    isDue = false
    timer?.cancel()
    timer = nil
    let due = owners
    owners.removeAll(keepingCapacity: true)
    // What is answered on the way may bring more: that is the next turn's.
    for owner in due { owner.isInTurn = false }
    let appends = due.compactMap { $0.handOver() }
    if !appends.isEmpty { log.append(appends, mayBlock: mayBlock()) }
  }
}

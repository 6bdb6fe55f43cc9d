import DaybookModel
import Logging
import Metrics
import NIOCore
import Ports

/// When an owner's state is written down, and that this is done one at a time.
///
/// `@unchecked Sendable`: touched on its owner's event loop only.
final class OwnerSnapshots: @unchecked Sendable {
  private let partition: PartitionID
  private let loop: any EventLoop
  private let environment: PartitionOwner.Environment
  private let logger: Logger
  private let metrics: PartitionMetrics
  private var eventsSince = 0
  private var lastAt = Timestamp.none
  private var copy: Copy?
  /// A copy of the state, good once so many more batches are durable.
  private struct Copy {
    let state: PartitionState
    let relayedThrough: Offset
    var batches: Int
  }
  /// One is being written. The next waits for that: or the older might come last.
  private var isKeeping = false
  private var whenKept: (() -> Void)?

  init(
    _ partition: PartitionID, loop: any EventLoop, environment: PartitionOwner.Environment,
    logger: Logger, metrics: PartitionMetrics
  ) {
    self.partition = partition
    self.loop = loop
    self.environment = environment
    self.logger = logger
    self.metrics = metrics
  }

  func begin(at now: Timestamp) { lastAt = now }

  /// So many events are in no snapshot.
  func replayed(_ events: Int) { eventsSince = events }

  func isDue(_ now: Timestamp) -> Bool {
    let policy = environment.snapshotPolicy
    // A clock that was set back says nothing about how long ago the last one was.
    let isTime = now < lastAt || now.milliseconds - lastAt.milliseconds >= policy.milliseconds
    return copy == nil && !isKeeping && eventsSince >= policy.events && isTime
  }

  /// Takes the state, which includes what was decided and is not durable yet: so many batches.
  func copied(
    _ state: PartitionState, relayedThrough: Offset, batches: Int, at now: Timestamp
  ) {
    assert(copy == nil && batches > 0, "one at a time")
    eventsSince = 0
    lastAt = now
    copy = Copy(state: state, relayedThrough: relayedThrough, batches: batches)
  }

  /// What the copy includes will never be durable.
  func dropCopy() { copy = nil }

  /// A batch of so many events is durable, and is the last that is.
  func committed(_ events: Int, _ last: BatchMark) {
    eventsSince += events
    guard var copy else { return }
    copy.batches -= 1
    self.copy = copy.batches > 0 ? copy : nil
    guard copy.batches == 0 else { return }
    isKeeping = true
    keep(copy.state, relayedThrough: copy.relayedThrough, last: last) {
      self.loop.execute {
        self.isKeeping = false
        self.whenKept?()
        self.whenKept = nil
      }
    }
  }

  /// At the end, unless nothing has happened since the one before.
  func keepLast(
    _ state: PartitionState, relayedThrough: Offset, last: BatchMark,
    then done: @escaping @Sendable () -> Void
  ) {
    guard eventsSince > 0 else { return done() }
    let keep = { self.keep(state, relayedThrough: relayedThrough, last: last, then: done) }
    if isKeeping { whenKept = keep } else { keep() }
  }

  /// Not on the loop: there may be very much to write down. What the state's pages are copied for is
  /// only what changes meanwhile.
  private func keep(
    _ state: PartitionState, relayedThrough: Offset, last: BatchMark,
    then done: @escaping @Sendable () -> Void
  ) {
    let (environment, partition, logger, metrics) = (environment, partition, logger, metrics)
    environment.keeping.run {
      let start = ContinuousClock.now
      do throws(DaybookError) {
        let bytes = try StateKeeping.keep(
          state, relayedThrough: relayedThrough, last: last, logID: environment.log.logID,
          in: environment.snapshots)
        metrics.snapshotDuration.record(duration: ContinuousClock.now - start)
        metrics.snapshotBytes.set(bytes)
        let facts: Logger.Metadata = ["bytes": "\(bytes)", "base_offset": "\(last.base)"]
        logger.debug("the state of partition \(partition) was written down", metadata: facts)
      } catch {
        logger.warning(
          "no snapshot of partition \(partition) was kept: \(error)",
          metadata: ["code": "\(error.code.name)"])
      }
      done()
    }
  }
}

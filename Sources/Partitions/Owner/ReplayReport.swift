import DaybookModel
import Logging
import NIOConcurrencyHelpers

/// Tells the operator how far a start has got with reading what the snapshots lack: from some seconds
/// on, with rate and time left. Shared by the partitions, which load side by side.
final class ReplayReport: Sendable {
  private struct State {
    var total: UInt64 = 0
    var done: UInt64 = 0
    var told: ContinuousClock.Instant
  }

  /// A start that is shorter has nothing to tell.
  static let interval = Duration.seconds(5)

  private let state: NIOLockedValueBox<State>
  private let began: ContinuousClock.Instant
  private let logger: Logger

  init(_ logger: Logger, now: ContinuousClock.Instant = .now) {
    self.logger = logger
    began = now
    state = NIOLockedValueBox(State(told: now))
  }

  /// A partition is to replay so many offsets, no less than the events there.
  func expect(_ offsets: UInt64) { state.withLockedValue { $0.total += offsets } }

  func replayed(_ offsets: UInt64, now: ContinuousClock.Instant = .now) {
    let due = state.withLockedValue { state -> State? in
      state.done += offsets
      guard now - state.told >= ReplayReport.interval, state.done < state.total else { return nil }
      state.told = now
      return state
    }
    guard let due else { return }
    let rate = Double(due.done) / max(0.001, (now - began) / .seconds(1))
    let left = Int((Double(due.total - due.done) / max(rate, 1)).rounded(.up))
    logger.info(
      """
      replaying the log: \(due.done * 100 / max(due.total, 1)) %, \(due.done) of \(due.total) events, \
      \(Int(rate)) a second, about \(PartitionClocks.span(UInt64(left) * 1_000)) left
      """,
      metadata: ["replayed": "\(due.done)", "total": "\(due.total)", "seconds_left": "\(left)"])
  }
}

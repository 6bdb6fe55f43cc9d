import DaybookModel
import Ports

/// `@unchecked Sendable`: a simulated run is one thread.
final class SimClock: WallClock, @unchecked Sendable {
  private var milliseconds: UInt64 = 1_790_000_000_000

  private var passed: UInt64 = 1

  func now() -> Timestamp { Timestamp(milliseconds: milliseconds) }
  func uptime() -> Timestamp { Timestamp(milliseconds: passed) }

  func advance(by amount: UInt64) {
    milliseconds += amount
    passed += amount
  }

  /// As an operator, or a time service, sets it.
  func set(by amount: Int64) { milliseconds = UInt64(Int64(milliseconds) + amount) }
}

/// Work that is done when the simulation says so, in no order but that.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimWork: BlockingWork, @unchecked Sendable {
  private(set) var waiting: [@Sendable () -> Void] = []

  func run(_ work: @escaping @Sendable () -> Void) { waiting.append(work) }

  func doOne(_ index: Int) { waiting.remove(at: index)() }

  func die() { waiting = [] }
}

/// Snapshots that are kept or lost as the simulation says.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimSnapshots: SnapshotStore, @unchecked Sendable {
  private var kept: [PartitionID: StateSnapshot] = [:]

  func load(_ partition: PartitionID) -> StateSnapshot? { kept[partition] }

  func save(_ snapshot: StateSnapshot, of partition: PartitionID) throws(DaybookError) {
    kept[partition] = snapshot
  }

  func lose(_ partition: PartitionID) { kept[partition] = nil }
}

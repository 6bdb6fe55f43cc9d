import DaybookModel
import Metrics

/// What is counted of a partition's owner (`schemas/metrics.md`).
struct PartitionMetrics: Sendable {
  let acceptedCommands: Counter
  let batches: Counter
  let batchEvents: Recorder
  let commitDuration: Timer
  private let mailboxes: Meter
  private let groups: Meter
  private let origins: Meter
  private let bytes: [Meter]
  let waitingCommands: Meter
  let queuedBatches: Meter
  let replayedEvents: Counter
  let snapshotDuration: Timer
  let snapshotBytes: Meter

  init(_ partition: PartitionID, _ factory: any MetricsFactory) {
    let labels = [("partition", "\(partition)")]
    acceptedCommands = Counter(
      label: "daybook_partition_accepted_commands_total", dimensions: labels, factory: factory)
    batches = Counter(
      label: "daybook_partition_batches_total", dimensions: labels, factory: factory)
    batchEvents = Recorder(
      label: "daybook_partition_batch_events", dimensions: labels, factory: factory)
    commitDuration = Timer(
      label: "daybook_partition_commit_duration_seconds", dimensions: labels, factory: factory)
    func entries(_ kind: String) -> Meter {
      Meter(
        label: "daybook_partition_state_entries", dimensions: labels + [("kind", kind)],
        factory: factory)
    }
    mailboxes = entries("mailbox")
    groups = entries("group")
    origins = entries("origin")
    bytes = ["mailbox", "group", "member", "origin", "amended"].map { kind in
      Meter(
        label: "daybook_partition_state_bytes", dimensions: labels + [("kind", kind)],
        factory: factory)
    }
    waitingCommands = Meter(
      label: "daybook_partition_waiting_commands", dimensions: labels, factory: factory)
    queuedBatches = Meter(
      label: "daybook_partition_queued_batches", dimensions: labels, factory: factory)
    replayedEvents = Counter(
      label: "daybook_partition_replayed_events_total", dimensions: labels, factory: factory)
    snapshotDuration = Timer(
      label: "daybook_partition_snapshot_duration_seconds", dimensions: labels, factory: factory)
    snapshotBytes = Meter(
      label: "daybook_partition_snapshot_bytes", dimensions: labels, factory: factory)
  }

  /// How much there is of what a partition keeps in memory.
  func count(_ state: borrowing PartitionState) {
    mailboxes.set(state.mailboxes.count)
    groups.set(state.groups.count)
    origins.set(state.origins.count)
  }

  /// How much of memory that takes.
  func count(_ taken: StateBytes) {
    let all = [taken.mailboxes, taken.groups, taken.members, taken.origins, taken.amended]
    for (meter, count) in zip(bytes, all) { meter.set(count) }
  }
}

/// Commands that were refused, by why; of all partitions, for there are many reasons.
struct CommandRejections: Sendable {
  private let counters: [ErrorCode: Counter]

  init(_ factory: any MetricsFactory) {
    let made = ErrorCode.all.map { code in
      let labels = [("code", code.name)]
      return (
        code,
        Counter(
          label: "daybook_partition_rejected_commands_total", dimensions: labels, factory: factory)
      )
    }
    counters = Dictionary(uniqueKeysWithValues: made)
  }

  func add(_ code: ErrorCode, _ count: Int) { counters[code]?.increment(by: count) }
}

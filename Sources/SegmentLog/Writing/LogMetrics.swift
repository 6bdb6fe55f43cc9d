import DaybookModel
import Metrics

/// What is counted of a partition's log (`schemas/metrics.md`).
struct LogMetrics: Sendable {
  let appendedEvents: Counter
  let appendedBytes: Counter
  let readBytes: Counter
  let segments: Meter

  init(_ partition: PartitionID, _ factory: any MetricsFactory) {
    let labels = [("partition", "\(partition)")]
    appendedEvents = Counter(
      label: "daybook_log_appended_events_total", dimensions: labels, factory: factory)
    appendedBytes = Counter(
      label: "daybook_log_appended_bytes_total", dimensions: labels, factory: factory)
    readBytes = Counter(
      label: "daybook_log_read_bytes_total", dimensions: labels, factory: factory)
    segments = Meter(label: "daybook_log_segments", dimensions: labels, factory: factory)
  }
}

/// The same of the journal, which is all partitions'.
struct JournalMetrics: Sendable {
  let syncDuration: Timer
  let stalls: Counter

  init(_ factory: any MetricsFactory) {
    stalls = Counter(label: "daybook_log_stalls_total", factory: factory)
    syncDuration = Timer(label: "daybook_log_sync_duration_seconds", factory: factory)
  }
}

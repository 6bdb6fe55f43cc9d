import DaybookModel
import Metrics

/// What is counted of a partition's relay (`schemas/metrics.md`).
struct RelayMetrics: Sendable {
  let deliveredEffects: Counter
  let lag: Meter
  let lagSeconds: Meter

  init(_ source: PartitionID, _ factory: any MetricsFactory) {
    let labels = [("partition", "\(source)")]
    deliveredEffects = Counter(
      label: "daybook_relay_delivered_effects_total", dimensions: labels, factory: factory)
    lag = Meter(label: "daybook_relay_lag_events", dimensions: labels, factory: factory)
    lagSeconds = Meter(label: "daybook_relay_lag_seconds", dimensions: labels, factory: factory)
  }
}

import Metrics

/// What is counted of the projections (`schemas/metrics.md`).
struct ProjectionMetrics: Sendable {
  let foldedEvents: Counter
  let commitDuration: Timer
  let lag: [ProjectionName: Meter]
  let lagSeconds: [ProjectionName: Meter]

  init(_ factory: any MetricsFactory) {
    foldedEvents = Counter(label: "daybook_projection_folded_events_total", factory: factory)
    commitDuration = Timer(label: "daybook_projection_commit_duration_seconds", factory: factory)
    func meters(_ label: String) -> [ProjectionName: Meter] {
      let made = ProjectionName.allCases.map { name in
        (name, Meter(label: label, dimensions: [("projection", name.rawValue)], factory: factory))
      }
      return Dictionary(uniqueKeysWithValues: made)
    }
    lag = meters("daybook_projection_lag_events")
    lagSeconds = meters("daybook_projection_lag_seconds")
  }
}

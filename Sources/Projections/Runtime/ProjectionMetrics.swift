import Metrics

/// What is counted of the projections (`schemas/metrics.md`).
struct ProjectionMetrics: Sendable {
  let foldedEvents: Counter
  let commitDuration: Timer
  let lag: [ProjectionName: Meter]

  init(_ factory: any MetricsFactory) {
    foldedEvents = Counter(label: "daybook_projection_folded_events_total", factory: factory)
    commitDuration = Timer(label: "daybook_projection_commit_duration_seconds", factory: factory)
    let meters = ProjectionName.allCases.map { name in
      let labels = [("projection", name.rawValue)]
      return (
        name, Meter(label: "daybook_projection_lag_events", dimensions: labels, factory: factory)
      )
    }
    lag = Dictionary(uniqueKeysWithValues: meters)
  }
}

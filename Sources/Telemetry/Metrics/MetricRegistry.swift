package import Metrics
import NIOConcurrencyHelpers

/// Keeps what a process counts of itself, for whoever asks (`schemas/metrics.md`). What has the same name
/// and labels is one and the same, and stays for as long as the process lives: a counter that vanished
/// would look like a restart.
package final class MetricRegistry: MetricsFactory {
  enum Instrument: Sendable {
    case counter(CounterInstrument)
    case fractions(GaugeInstrument)
    case gauge(GaugeInstrument)
    case histogram(HistogramInstrument)
  }

  struct Series: Sendable {
    let labels: [(name: String, value: String)]
    let instrument: Instrument
  }

  private struct State {
    /// By name, and then by labels as text.
    var families: [String: [String: Series]] = [:]
    var updates: [@Sendable () async -> Void] = []
  }

  private let state = NIOLockedValueBox(State())

  package init() {}

  /// `update` is called before each reading, for what is cheaper asked for than counted.
  package func beforeReading(_ update: @escaping @Sendable () async -> Void) {
    state.withLockedValue { $0.updates.append(update) }
  }

  /// Everything, as Prometheus reads it.
  package func text() async -> String {
    for update in state.withLockedValue({ $0.updates }) { await update() }
    let families = state.withLockedValue { $0.families }
    return PrometheusText.of(families.mapValues { $0.sorted { $0.key < $1.key }.map(\.value) })
  }

  // MARK: making

  private func instrument(
    _ label: String, _ dimensions: [(String, String)], make: () -> Instrument
  ) -> Instrument {
    let labels = dimensions.map { (name: $0.0, value: $0.1) }
    let key = PrometheusText.labels(labels)
    return state.withLockedValue { state in
      if let known = state.families[label]?[key] { return known.instrument }
      let made = make()
      state.families[label, default: [:]][key] = Series(labels: labels, instrument: made)
      return made
    }
  }

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    let made = instrument(label, dimensions) { .counter(CounterInstrument()) }
    guard case .counter(let counter) = made else { MetricRegistry.mistaken(label) }
    return counter
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    let made = instrument(label, dimensions) { .gauge(GaugeInstrument()) }
    guard case .gauge(let gauge) = made else { MetricRegistry.mistaken(label) }
    return gauge
  }

  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    histogram(label, dimensions, bounds: HistogramInstrument.sizeBounds)
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions, bounds: HistogramInstrument.durationBounds)
  }

  private func histogram(
    _ label: String, _ dimensions: [(String, String)], bounds: [Double]
  ) -> HistogramInstrument {
    let made = instrument(label, dimensions) { .histogram(HistogramInstrument(bounds: bounds)) }
    guard case .histogram(let histogram) = made else { MetricRegistry.mistaken(label) }
    return histogram
  }

  /// One name is one kind of thing: two would be a fault of the program.
  private static func mistaken(_ label: String) -> Never {
    preconditionFailure("\(label) is counted as two kinds of metric")
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    let made = instrument(label, dimensions) { .fractions(GaugeInstrument()) }
    guard case .fractions(let counter) = made else { MetricRegistry.mistaken(label) }
    return counter
  }

  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}
}

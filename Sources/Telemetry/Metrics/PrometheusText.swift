/// Prometheus' text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
enum PrometheusText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  static func of(_ families: [String: [MetricRegistry.Series]]) -> String {
    var text = ""
    for (name, series) in families.sorted(by: { $0.key < $1.key }) {
      guard let first = series.first else { continue }
      if let help = MetricHelp.texts[name] { text += "# HELP \(name) \(escaped(help))\n" }
      text += "# TYPE \(name) \(kind(of: first.instrument))\n"
      for one in series { append(one, of: name, to: &text) }
    }
    return text
  }

  private static func kind(of instrument: MetricRegistry.Instrument) -> String {
    switch instrument {
    case .counter, .fractions: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }

  private static func append(
    _ series: MetricRegistry.Series, of name: String, to text: inout String
  ) {
    let inBraces = labels(series.labels)
    switch series.instrument {
    case .counter(let counter): text += "\(name)\(inBraces) \(counter.value)\n"
    case .gauge(let gauge), .fractions(let gauge):
      text += "\(name)\(inBraces) \(number(gauge.value))\n"
    case .histogram(let histogram):
      let reading = histogram.read()
      var below: Int64 = 0
      for (bound, count) in zip(histogram.bounds + [.infinity], reading.counts) {
        below += count
        let bucket = labels(series.labels + [(name: "le", value: number(bound))])
        text += "\(name)_bucket\(bucket) \(below)\n"
      }
      text += "\(name)_sum\(inBraces) \(number(reading.sum))\n"
      text += "\(name)_count\(inBraces) \(below)\n"
    }
  }

  /// In braces; nothing where there are none.
  static func labels(_ labels: [(name: String, value: String)]) -> String {
    if labels.isEmpty { return "" }
    let pairs = labels.map { "\($0.name)=\"\(escaped($0.value).replacing("\"", with: "\\\""))\"" }
    return "{\(pairs.joined(separator: ","))}"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  /// Go's way to write a number: whole ones without a fraction, `+Inf`, `-Inf`, `NaN`.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int64(exactly: value).map(String.init) ?? "\(value)"
  }
}

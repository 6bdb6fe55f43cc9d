import Metrics
import Testing

@testable import Telemetry

@Suite("metrics as Prometheus reads them") struct PrometheusTextTests {
  @Test("counters, gauges and histograms, each once, by name, with their labels")
  func text() async {
    let registry = MetricRegistry()
    let labels = [("partition", "3"), ("code", "a \"b\" \\ c\nd")]
    Counter(label: "z_events_total", dimensions: labels, factory: registry).increment(by: 41)
    // The same name and labels are the same counter.
    Counter(label: "z_events_total", dimensions: labels, factory: registry).increment()
    Meter(label: "a_open", factory: registry).set(2.5)
    FloatingPointCounter(label: "b_seconds_total", factory: registry).increment(by: 0.25)
    let timer = Timer(label: "m_seconds", factory: registry)
    timer.recordNanoseconds(90_000)
    timer.recordNanoseconds(3_000_000)
    timer.recordSeconds(11)
    let lines = await registry.text().split(separator: "\n").map(String.init)
    let buckets = HistogramInstrument.durationBounds.map { bound in
      let below = bound < 0.005 ? 1 : 2
      return "m_seconds_bucket{le=\"\(PrometheusText.number(bound))\"} \(below)"
    }
    #expect(
      lines == [
        "# TYPE a_open gauge", "a_open 2.5", "# TYPE b_seconds_total counter",
        "b_seconds_total 0.25", "# TYPE m_seconds histogram",
      ] + buckets + [
        "m_seconds_bucket{le=\"+Inf\"} 3", "m_seconds_sum 11.00309", "m_seconds_count 3",
        "# TYPE z_events_total counter",
        #"z_events_total{partition="3",code="a \"b\" \\ c\nd"} 42"#,
      ])
  }

  @Test(
    "numbers are written as Go writes them",
    arguments: [
      (0, "0"), (17, "17"), (-3, "-3"), (0.5, "0.5"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
      (.nan, "NaN"), (1e300, "1e+300"),
    ] as [(Double, String)])
  func numbers(value: Double, text: String) {
    #expect(PrometheusText.number(value) == text)
  }

  @Test("a gauge goes up and down, from many threads at once")
  func gauge() async throws {
    let registry = MetricRegistry()
    let gauge = Meter(label: "open", factory: registry)
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<1_000 { gauge.increment(by: 2) }
          for _ in 0..<1_000 { gauge.decrement() }
        }
      }
    }
    #expect(await registry.text().contains("open 8000\n"))
  }

  @Test("what is asked for at a reading is there at that reading")
  func updates() async {
    let registry = MetricRegistry()
    let process = ProcessMetrics(registry)
    registry.beforeReading { process.update() }
    let text = await registry.text()
    for name in [
      "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
      "process_max_fds", "process_start_time_seconds",
    ] {
      let line = text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
      let value = line.flatMap { Double($0.dropFirst(name.count + 1)) }
      #expect((value ?? 0) > 0, "\(name): \(line ?? "missing")")
      #expect(text.contains("# HELP \(name) "))
    }
  }
}

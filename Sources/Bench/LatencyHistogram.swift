import Histogram

/// Latencies in microseconds, three significant digits.
struct LatencyHistogram {
  private var histogram = Histogram<UInt64>(
    highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)

  mutating func record(nanoseconds: UInt64) { _ = histogram.record(nanoseconds / 1000) }

  mutating func merge(_ other: LatencyHistogram) {
    histogram.add(other.histogram)
  }

  /// Microseconds; 100 is the longest.
  func value(at percentile: Double) -> Int {
    percentile >= 100 ? Int(histogram.max) : Int(histogram.valueAtPercentile(percentile))
  }

  /// The `p50_us p99_us p999_us max_us` of every result line.
  var fields: [BenchField] { fields(prefix: "") }

  func fields(prefix: String) -> [BenchField] {
    [
      ("\(prefix)p50_us", .integer(Int(histogram.valueAtPercentile(50)))),
      ("\(prefix)p99_us", .integer(Int(histogram.valueAtPercentile(99)))),
      ("\(prefix)p999_us", .integer(Int(histogram.valueAtPercentile(99.9)))),
      ("\(prefix)max_us", .integer(Int(histogram.max))),
    ]
  }
}

import Metrics
import NIOConcurrencyHelpers
import Synchronization

/// A value that only rises.
final class CounterInstrument: CounterHandler {
  private let total = Atomic<Int64>(0)

  func increment(by amount: Int64) { total.wrappingAdd(amount, ordering: .relaxed) }

  func reset() { total.store(0, ordering: .relaxed) }

  var value: Int64 { total.load(ordering: .relaxed) }
}

/// A value as it is now, and one that only rises but by fractions.
final class GaugeInstrument: MeterHandler, FloatingPointCounterHandler {
  /// The bits of a `Double`: there is no atomic one.
  private let bits = Atomic<UInt64>(Double.zero.bitPattern)

  func set(_ value: Int64) { store(Double(value)) }

  func set(_ value: Double) { store(value) }

  private func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func increment(by amount: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let sum = Double(bitPattern: old) + amount
      let (isDone, found) = bits.compareExchange(
        expected: old, desired: sum.bitPattern, ordering: .relaxed)
      if isDone { return }
      old = found
    }
  }

  func decrement(by amount: Double) { increment(by: -amount) }

  func reset() { store(0) }

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// How many values were at most each bound, and their sum.
final class HistogramInstrument: RecorderHandler, TimerHandler {
  struct Reading: Sendable, Equatable {
    /// Of each bound what is above the one before it; last, what is above all.
    var counts: [Int64]
    var sum: Double

    var count: Int64 { counts.reduce(0, +) }
  }

  /// Ascending.
  let bounds: [Double]
  private let reading: NIOLockedValueBox<Reading>

  init(bounds: [Double]) {
    assert(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
    self.bounds = bounds
    reading = NIOLockedValueBox(
      Reading(counts: Array(repeating: 0, count: bounds.count + 1), sum: 0))
  }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    let place = bounds.firstIndex { value <= $0 } ?? bounds.count
    reading.withLockedValue { reading in
      reading.counts[place] += 1
      reading.sum += value
    }
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func read() -> Reading { reading.withLockedValue { $0 } }

  /// From what a sync on a good disk takes to what somebody would call standing still. In seconds.
  static let durationBounds: [Double] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  /// Of whatever is counted.
  static let sizeBounds: [Double] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
  ]
}

import DaybookModel
import Metrics

/// What is counted of load that is refused.
struct LoadMetrics: Sendable {
  let shed: [LoadGauge.Kind: Counter]
  private let factory: any MetricsFactory

  init(_ factory: any MetricsFactory = MetricsSystem.factory) {
    self.factory = factory
    let counters = LoadGauge.Kind.allCases.map { kind in
      let labels = [("kind", kind.rawValue)]
      return (
        kind,
        Counter(label: "daybook_gateway_shed_requests_total", dimensions: labels, factory: factory)
      )
    }
    shed = Dictionary(uniqueKeysWithValues: counters)
  }

  fileprivate func meter(_ name: String, loop: Int) -> Meter {
    Meter(label: name, dimensions: [("loop", "\(loop)")], factory: factory)
  }
}

/// The gauge of one loop, and what is counted of it.
///
/// `@unchecked Sendable`: touched on its loop only.
final class LoopLoad: @unchecked Sendable {
  private var gauge = LoadGauge()
  private let metrics: LoadMetrics
  private let level: Meter
  private let wait: Meter

  init(_ metrics: LoadMetrics, loop: Int) {
    self.metrics = metrics
    level = metrics.meter("daybook_gateway_load_level", loop: loop)
    wait = metrics.meter("daybook_gateway_queue_wait_seconds", loop: loop)
  }

  /// Something may be refused, so that it is worth to ask.
  var isHigh: Bool { gauge.isHigh }

  /// A command has no answer yet.
  func asked() { gauge.asked() }

  func refused(_ count: Int) { gauge.refused(count) }

  /// The first of these has waited so long.
  func answered(_ count: Int, after delay: Duration, at now: Duration) {
    guard gauge.answered(count, after: delay, at: now) else { return }
    level.set(gauge.level)
    wait.set(gauge.wait / .seconds(1))
  }

  /// True where it is not to be done now; that is counted.
  func sheds(_ kind: LoadGauge.Kind) -> Bool {
    guard gauge.refuses(kind) != nil else { return false }
    metrics.shed[kind]?.increment()
    return true
  }

  /// Throws `overloaded`, with when to come again.
  func admit(_ kind: LoadGauge.Kind) throws(DaybookError) {
    guard let wait = gauge.refuses(kind) else { return }
    metrics.shed[kind]?.increment()
    throw DaybookError(
      .overloaded, "the server has more to do than it can; repeat it in a while", retryAfter: wait)
  }
}

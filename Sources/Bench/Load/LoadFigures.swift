import NIOCore

/// What the clients of a load measure together.
///
/// `@unchecked Sendable`: touched on their event loop only.
final class LoadFigures: @unchecked Sendable {
  /// What was due before, while everything was still warming up, does not count.
  var measuredFrom = NIODeadline.uptimeNanoseconds(0)
  /// From when a message was due to its answer, and to its receiver.
  private(set) var latencies = LatencyHistogram()
  private(set) var deliveries = LatencyHistogram()
  private(set) var delivered = 0
  private(set) var refusals = 0

  func answered(due time: UInt64) {
    guard let latency = latency(time) else { return }
    latencies.record(nanoseconds: latency)
  }

  func refused(due time: UInt64) {
    if latency(time) != nil { refusals += 1 }
  }

  func delivered(due time: UInt64) {
    guard let latency = latency(time) else { return }
    delivered += 1
    deliveries.record(nanoseconds: latency)
  }

  private func latency(_ due: UInt64) -> UInt64? {
    guard due >= measuredFrom.uptimeNanoseconds else { return nil }
    let now = NIODeadline.now().uptimeNanoseconds
    return now > due ? now - due : 0
  }
}

import DaybookModel
import Gateway
import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// Tells operators how long a server's certificate lasts: a metric, and in its last days a warning a day.
final class CertificateWatch: Sendable {
  /// How often it is looked at: who asks for metrics looks at it besides.
  static let interval = TimeAmount.hours(1)
  private static let warningMilliseconds: UInt64 = 86_400_000

  private let certificates: TLSCertificates
  private let clock: any WallClock
  private let logger: Logger
  private let secondsLeft: Meter
  /// When it was last warned of, by a clock that is not set.
  private let warnedAt = NIOLockedValueBox<Timestamp?>(nil)

  init(
    _ certificates: TLSCertificates, clock: any WallClock, logger: Logger,
    metrics: any MetricsFactory
  ) {
    self.certificates = certificates
    self.clock = clock
    self.logger = logger
    secondsLeft = Meter(label: "daybook_tls_certificate_expiry_seconds", factory: metrics)
  }

  func measure() { secondsLeft.set(certificates.secondsLeft) }

  func look() {
    measure()
    guard let warning = certificates.warning else {
      return warnedAt.withLockedValue { $0 = nil }
    }
    let now = clock.uptime()
    let isDue = warnedAt.withLockedValue { warnedAt in
      if let before = warnedAt,
        now.milliseconds - before.milliseconds < CertificateWatch.warningMilliseconds
      {
        return false
      }
      warnedAt = now
      return true
    }
    if isDue { logger.warning("\(warning)") }
  }
}

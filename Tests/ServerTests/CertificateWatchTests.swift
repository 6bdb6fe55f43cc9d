import DaybookModel
import Doubles
import Gateway
import MetricsTestKit
import Testing

@testable import Server

@Suite("how long a certificate lasts") struct CertificateWatchTests {
  private static let day: UInt64 = 86_400_000

  /// The fixtures' end.
  private static let end = Timestamp.midnight(year: 2120, month: 1, day: 1)!

  private static func before(_ milliseconds: UInt64) -> Timestamp {
    Timestamp(milliseconds: end.milliseconds - milliseconds)
  }

  @Test("is told in seconds whenever it is asked for, and warned of once a day in the last 14")
  func watched() throws {
    let clock = SettableClock(Self.before(30 * Self.day))
    let (log, metrics) = (RecordingLog(), TestMetrics())
    let files = ["server.pem", "server.key"].map { name in
      TLSMaterial.File(name: name, bytes: (try? TLSFixtures.bytes(name)) ?? [])
    }
    let certificates = try TLSCertificates(clock: clock) {
      TLSMaterial(certificate: files[0], key: files[1])
    }
    let watch = CertificateWatch(
      certificates, clock: clock, logger: log.logger, metrics: metrics)
    func left() throws -> Double? {
      try metrics.expectMeter("daybook_tls_certificate_expiry_seconds").lastValue
    }
    watch.look()
    #expect(try left() == 30 * 86_400 && log.lines.isEmpty)
    clock.set(Self.before(10 * Self.day))
    watch.measure()
    #expect(try left() == 10 * 86_400 && log.lines.isEmpty)
    for hour in 0..<48 {
      clock.set(Self.before(10 * Self.day - UInt64(hour) * 3_600_000))
      watch.look()
      #expect(log.lines.count == hour / 24 + 1)
    }
    #expect(log.lines.allSatisfy { "\($0.level)" == "warning" && $0.message.contains("renew it") })
    // Past its end it goes on, below zero.
    clock.set(Timestamp(milliseconds: Self.end.milliseconds + 5_000))
    watch.look()
    #expect(try left() == -5)
  }
}

import Doubles
import Logging
import Testing

@testable import Projections

@Suite("what the operator is told of projections that are behind")
struct LagReportTests {
  private let recorded = RecordingLog()
  private let start = ContinuousClock.now

  @Test("what lasts is told with rate and time left, and once when it is over")
  func lag() {
    var report = LagReport()
    let logger = recorded.logger
    report.note(100_000, now: start, logger)
    report.note(90_000, now: start + .seconds(5), logger)
    #expect(recorded.lines.isEmpty)
    report.note(50_000, now: start + .seconds(10), logger)
    #expect(recorded.messages.last?.contains("50000 events behind") == true)
    #expect(recorded.messages.last?.contains("5000 fewer a second, about 10 s left") == true)
    #expect(recorded.lines.last?.level == .info)
    report.note(60_000, now: start + .seconds(20), logger)
    #expect(recorded.lines.last?.level == .warning, "it does not come nearer")
    report.note(1, now: start + .seconds(25), logger)
    #expect(recorded.lines.count == 2)
    report.note(0, now: start + .seconds(26), logger)
    report.note(0, now: start + .seconds(27), logger)
    #expect(recorded.lines.count == 3 && recorded.lines.last?.level == .notice)
  }

  @Test("what is caught up with in no time is not told")
  func short() {
    var report = LagReport()
    for seconds in 0..<100 {
      report.note(UInt64(seconds) * 99, now: start + .seconds(seconds), recorded.logger)
    }
    report.note(1_000_000, now: start + .seconds(100), recorded.logger)
    report.note(0, now: start + .seconds(105), recorded.logger)
    report.note(1_000_000, now: start + .seconds(109), recorded.logger)
    report.note(0, now: start + .seconds(110), recorded.logger)
    #expect(recorded.lines.isEmpty)
  }
}

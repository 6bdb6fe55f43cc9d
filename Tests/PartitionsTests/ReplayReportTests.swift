import Doubles
import Logging
import Testing

@testable import Partitions

@Suite("what the operator is told of a long start")
struct ReplayReportTests {
  @Test("from some seconds on: how far, how fast, how long still; a short start tells nothing")
  func progress() {
    let recorded = RecordingLog()
    let start = ContinuousClock.now
    let report = ReplayReport(recorded.logger, now: start)
    report.expect(600_000)
    report.expect(400_000)
    report.replayed(100_000, now: start + .seconds(1))
    #expect(recorded.lines.isEmpty)
    report.replayed(150_000, now: start + .seconds(5))
    report.replayed(1, now: start + .seconds(6))
    #expect(
      recorded.messages == [
        "replaying the log: 25 %, 250000 of 1000000 events, 50000 a second, about 15 s left"
      ])
    report.replayed(249_999, now: start + .seconds(10))
    #expect(recorded.messages.last?.contains("50 %") == true && recorded.lines.count == 2)
    #expect(recorded.lines.last?.metadata["seconds_left"] == "10")
    report.replayed(500_000, now: start + .seconds(20))
    #expect(recorded.lines.count == 2, "what is done is told by the start")
  }
}

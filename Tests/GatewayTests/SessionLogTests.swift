import DaybookModel
import Doubles
import Logging
import NIOConcurrencyHelpers
import Ports
import Requests
import Testing

@testable import Gateway

@Suite("what the operator is told of sessions")
struct SessionLogTests {
  /// Stands still until it is set.
  private final class HandClock: WallClock {
    private let time = NIOLockedValueBox(Timestamp(milliseconds: 1_000_000))

    func now() -> Timestamp { time.withLockedValue { $0 } }

    func pass(milliseconds: UInt64) {
      time.withLockedValue { $0 = Timestamp(milliseconds: $0.milliseconds + milliseconds) }
    }
  }

  private let recorded = RecordingLog()
  private let clock = HandClock()
  private var log: SessionLog { SessionLog(recorded.logger, clock: clock) }
  private let alice = Requester(.device(UserID(checked: "alice"), DeviceID(checked: "phone")))

  @Test("who comes and goes is told, with the facts, and whether the server ended it")
  func comings() {
    let log = log
    let facts: Logger.Metadata = ["session": "s", "address": "192.0.2.1:5"]
    log.opened(alice, facts)
    log.ended(alice, because: nil, facts)
    log.ended(alice, because: DaybookError(.slowConsumer, "replies are not read"), facts)
    log.refused(DaybookError(.expiredToken, "the token has expired"), facts)
    #expect(recorded.lines.map(\.level) == [.info, .info, .warning, .notice])
    #expect(recorded.messages[0] == "alice (phone) has connected")
    #expect(recorded.messages[1] == "alice (phone) has gone")
    #expect(recorded.messages[2].contains("slow_consumer"))
    #expect(recorded.messages[3].contains("expired_token"))
    for line in recorded.lines { #expect(line.metadata["address"] == "192.0.2.1:5") }
    #expect(recorded.lines[3].metadata["code"] == "expired_token")
  }

  @Test("a flood costs some lines and a count, and hides nothing of another kind")
  func flood() {
    let log = log
    let wrong = DaybookError(.invalidToken, "this is no token")
    for _ in 0..<1_000 { log.refused(wrong, [:]) }
    #expect(recorded.lines.count == LineThrottle.linesMax)
    log.opened(alice, [:])
    #expect(recorded.messages.last == "alice (phone) has connected")
    log.tellSuppressed()
    #expect(recorded.lines.count == LineThrottle.linesMax + 1, "the interval is not over")
    clock.pass(milliseconds: LineThrottle.intervalMilliseconds)
    log.tellSuppressed()
    #expect(recorded.lines.last?.metadata["suppressed"] == "\(1_000 - LineThrottle.linesMax)")
    #expect(recorded.lines.last?.level == .notice)
    log.tellSuppressed()
    log.refused(wrong, [:])
    #expect(recorded.lines.count == LineThrottle.linesMax + 3, "told once, and then lines again")
  }

  @Test("what is below the level is neither written nor counted")
  func level() {
    var logger = recorded.logger
    logger.logLevel = .warning
    let log = SessionLog(logger, clock: clock)
    for _ in 0..<100 { log.opened(alice, [:]) }
    clock.pass(milliseconds: LineThrottle.intervalMilliseconds)
    log.tellSuppressed()
    #expect(recorded.lines.isEmpty)
    log.ended(alice, because: DaybookError(.slowConsumer, "x"), [:])
    #expect(recorded.lines.count == 1)
  }
}

import DaybookModel
import Testing

@testable import Gateway

@Suite("a session's signs of life, and its token's end")
struct LivenessTests {
  /// Ticks, one a letter: `h` something was heard since the last, `s` nothing was, `b` nothing was read
  /// for the gateway keeps frames waiting.
  @Test(
    "a session ends at the fourth tick in a row without a sign of life while it is read from",
    arguments: [
      // Connecting was a sign of life.
      ("ssss", nil), ("sssss", 5), ("hssss", 5), ("sssh", nil), ("ssshssss", 8),
      // What the gateway itself keeps waiting is no silence.
      ("bbbbbbbb", nil), ("sssbsssb", nil), ("bssss", 5), ("sssbssss", 8),
    ] as [(String, Int?)])
  func silence(ticks: String, endsAt: Int?) {
    var liveness = Liveness(expiresAt: .none)
    var ended: Int?
    for (index, tick) in ticks.enumerated() {
      if tick == "h" { liveness.peerIsAlive() }
      let reason = liveness.tick(isReading: tick != "b")
      guard let reason, ended == nil else { continue }
      #expect(reason.code == .heartbeatMissed)
      ended = index + 1
    }
    #expect(ended == endsAt)
  }

  @Test(
    "a token's end is as far away as it says, and then there",
    arguments: [
      (0, Duration.zero), (999, .zero), (1_000, .zero), (1_001, .milliseconds(1)),
      (3_601_001, .milliseconds(3_600_001)), (.max, .milliseconds(Int64.max)),
    ] as [(UInt64, Duration)])
  func expiry(expiresAt: UInt64, after: Duration) {
    let liveness = Liveness(expiresAt: Timestamp(milliseconds: expiresAt))
    #expect(liveness.untilExpiry(Timestamp(milliseconds: 1_000)) == after)
  }
}

import DaybookModel
import NIOCore
import Testing

@testable import Gateway

@Suite("a session's signs of life")
struct LivenessTests {
  /// Ticks, one a letter: `h` something was heard since the last, `s` nothing was, `b` nothing was read
  /// for the gateway keeps frames waiting.
  @Test(
    "a session ends at the fifth tick in a row without a sign of life while it is read from",
    arguments: [
      // Connecting was a sign of life.
      ("sssss", nil), ("ssssss", 6), ("hsssss", 6), ("ssssh", nil), ("sssshsssss", 10),
      // What the gateway itself keeps waiting is no silence.
      ("bbbbbbbb", nil), ("ssssbssssb", nil), ("bsssss", 6), ("ssssbsssss", 10),
    ] as [(String, Int?)])
  func silence(ticks: String, endsAt: Int?) {
    var liveness = Liveness(silentTicksMax: 5)
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
    "what a client wishes its interval to be counts between the server's and the limit, and two and a half of them end it",
    arguments: [
      (0, 30, 5), (1_000, 30, 5), (30_000, 30, 5), (45_000, 45, 8), (300_000, 300, 50),
      (4_000_000, 600, 100),
    ] as [(UInt32, Int64, Int)])
  func negotiated(asked: UInt32, seconds: Int64, ticks: Int) {
    let options = GatewayOptions()
    let agreed = options.heartbeatInterval(askedFor: asked)
    #expect(agreed == .seconds(seconds))
    #expect(options.silentTicksMax(for: agreed) == ticks)
  }

  @Test("who is told to come again is spread over the time that so many take")
  func spread() {
    let options = GatewayOptions()
    let few = (0..<10).map { options.reconnectDelay(of: $0, among: 10) }
    #expect(few.first == .milliseconds(100) && few.last == .milliseconds(1_000))
    let many = (0..<5_000).map { options.reconnectDelay(of: $0, among: 5_000) }
    #expect(many == many.sorted() && Set(many).count == 5_000)
    #expect(many.last! < .seconds(11) && many.last! > .seconds(9))
    #expect(options.reconnectDelay(of: 99_999, among: 100_000) < .seconds(61))
  }
}

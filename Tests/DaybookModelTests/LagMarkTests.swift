import DaybookModel
import Testing

@Suite("how long something lags") struct LagMarkTests {
  private let begin = ContinuousClock.now

  private func after(_ seconds: Int) -> ContinuousClock.Instant { begin + .seconds(seconds) }

  @Test("who has everything does not lag")
  func atEnd() {
    var mark = LagMark()
    #expect(mark.lag(at: 0, of: 0, now: after(0)) == .zero)
    #expect(mark.lag(at: 7, of: 7, now: after(9)) == .zero)
  }

  @Test("who stands still lags for as long as it stands")
  func stuck() {
    var mark = LagMark()
    #expect(mark.lag(at: 3, of: 5, now: after(1)) == .zero)
    #expect(mark.lag(at: 3, of: 5, now: after(4)) == .seconds(3))
    #expect(mark.lag(at: 4, of: 900, now: after(11)) == .seconds(10))
    #expect(mark.lag(at: 900, of: 900, now: after(12)) == .zero)
  }

  @Test("who keeps up under steady load lags for a moment, however long that lasts")
  func steady() {
    var mark = LagMark()
    for second in 0..<1_000 {
      let end = UInt64(100 * (second + 2))
      let lag = mark.lag(at: end - 150, of: end, now: after(second))
      #expect(lag <= .seconds(2), "after \(second) s")
    }
  }
}

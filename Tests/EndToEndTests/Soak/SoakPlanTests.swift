import Doubles
import Testing

@Suite("the plan of a soak")
struct SoakPlanTests {
  private func plan(_ seed: UInt64) -> SoakPlan {
    SoakPlan(seed: seed, users: (0..<36).map { "u\($0)" }, groups: SoakRun.groups)
  }

  @Test("a seed says what is done, and another says another")
  func seeds() {
    func told(_ seed: UInt64) -> [String] {
      (0..<6).flatMap { number in
        (0..<36).map { client in
          let visit = plan(seed).visit(number, of: client)
          return "\(visit.manner) \(visit.messages) \(visit.random.state)"
        }
      }
    }
    #expect(told(1) == told(1))
    #expect(told(1) != told(2))
  }

  @Test("each way of misbehaving comes up with each transport, also in the short form")
  func coverage() {
    let transports = RawTransport.allCases
    let all = SoakRun.good + SoakRun.hostile
    var seen: Set<String> = []
    for client in transports.count * SoakRun.good..<transports.count * all {
      for number in 0..<SoakTests.visitsEach {
        let manner = plan(1).visit(number, of: client).manner
        seen.insert("\(transports[client % transports.count]) \(manner)")
      }
    }
    #expect(seen.count == transports.count * SoakPlan.Manner.allCases.count)
  }
}

import Telemetry
import Testing

@Suite struct HealthTests {
  @Test func `a process starts, serves, drains`() {
    let health = Health()
    #expect(health.stage == .starting)
    health.enter(.serving)
    #expect(health.stage == .serving)
    health.enter(.draining)
    #expect(health.stage == .draining)
  }
}

import Foundation
import Server
import Testing

/// Sixty sessions as a test, and 5,000 in `ops/prove drain`.
@Suite("a server that stops with many sessions", .timeLimit(.minutes(60)))
struct DrainTests {
  private static let chosen = ProcessInfo.processInfo.environment["DAYBOOK_DRAIN_SESSIONS"]
    .flatMap { Int($0) }

  /// As `GatewayOptions` has it: so many a second, over a second at least, behind the first tenth.
  private static func spreadMilliseconds(_ sessions: Int) -> Int { 100 + max(1_000, sessions * 2) }

  /// What the long form gives the last one beside that: a connect of its own, among all others'.
  private static let marginMilliseconds = 2_000

  @Test(
    "each session is told when to come again, nothing that was answered is lost, and all come back")
  func drain() async throws {
    OpenFiles.raiseLimit()
    let sessions = DrainTests.chosen ?? 60
    let isLong = DrainTests.chosen != nil
    let server = try await RawServer.make()
    try await server.start(["--log-level", "warning"])
    let begin = ContinuousClock.now
    let run = try await DrainRun(server, sessions: sessions) { text in
      if isLong { print("drain: \(Int((ContinuousClock.now - begin) / .seconds(1))) s: \(text)") }
    }
    await run.connect()
    let figures = try await run.drain()
    #expect(run.check() == [])
    let spread = DrainTests.spreadMilliseconds(sessions)
    #expect(figures.delays.count == sessions)
    #expect(figures.delays.allSatisfy { (100...spread).contains($0) })
    #expect(zip(figures.returns, figures.delays).allSatisfy { $0 >= $1 - 1 })
    // They do not come together.
    #expect(Set(figures.delays).count > sessions / 4)
    if isLong { judge(figures, spread) }
    try await run.end()
    let output = try #require(await server.server.stop())
    #expect(output.status == 0, "\(output.errors)")
    try await Program.succeed(["log", "verify", "--data", server.server.data])
  }

  private func judge(_ figures: DrainRun.Figures, _ spread: Int) {
    let latest = figures.returns.max() ?? 0
    let lateness = figures.lateness.sorted()
    func part(_ share: Double) -> Int {
      lateness.isEmpty ? 0 : lateness[min(lateness.count - 1, Int(Double(lateness.count) * share))]
    }
    print(
      """
      drain: \(figures.sessions) sessions, \(figures.acks) acks, \(figures.unanswered) sends sent again; \
      the server ended after \(seconds(figures.exit)) s, the next let clients in after \
      \(seconds(figures.listening)) s
      drain: told to come within \(figures.delays.min() ?? 0) to \(figures.delays.max() ?? 0) ms; the last \
      was back \(latest) ms after it was told (spread \(spread) ms), \(seconds(figures.lastReturn)) s after the signal
      drain: later than told, of those who found a server: half \(part(0.5)) ms, 99 % \(part(0.99)) ms, most \
      \(part(1)) ms
      drain: came in each second since the signal: \(figures.returnsPerSecond)
      """)
    #expect(latest <= spread + DrainTests.marginMilliseconds)
  }

  private func seconds(_ value: Double) -> String { String(format: "%.2f", value) }
}

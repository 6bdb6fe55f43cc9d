import NIOConcurrencyHelpers
import Testing

@testable import SegmentLog

@Suite("Whatever a disk does, the log keeps its word")
struct StorageSimulationTests {
  @Test(
    """
    after crashes and failures at any point: what was acked or shown is there, behind it a prefix \
    of what was submitted, and opening twice is opening once
    """)
  func runs() async {
    let seeds = StorageSeeds.current
    let tally = NIOLockedValueBox<[String: Int]>([:])
    let failures = await StorageSeeds.run(seeds) { seed in
      let run = try StorageRun(seed: seed)
      run.run()
      tally.withLockedValue { $0.merge(run.tally) { $0 + $1 } }
      return run.lines
    }
    for (seed, lines) in failures.prefix(20) {
      Issue.record("seed \(seed):\n  \(lines.joined(separator: "\n  "))")
    }
    let failing = failures.map(\.seed)
    #expect(failing == [])
    let counts = tally.withLockedValue { $0 }.sorted { $0.key < $1.key }
    if StorageSeeds.isChosen { print(counts.map { "\($0.key): \($0.value)" }) }
  }

  @Test("the same seed gives the same run")
  func repeats() throws {
    for seed in [UInt64](1...20) {
      let runs = try (0..<2).map { _ in
        let run = try StorageRun(seed: seed)
        run.run()
        return run
      }
      #expect(runs[0].disk.operations == runs[1].disk.operations)
      #expect(runs[0].models.map(\.certain) == runs[1].models.map(\.certain))
      #expect(runs[0].tally == runs[1].tally)
    }
  }
}

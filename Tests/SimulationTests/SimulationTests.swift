import DaybookModel
import Foundation
import NIOConcurrencyHelpers
import Testing

/// Random runs of the whole server and its clients, each decided by its seed alone. One that fails
/// is run again by itself with `DAYBOOK_SIMULATION_SEEDS=<seed>`.
@Suite struct SimulationTests {
  @Test(
    """
    whatever happens, every device has seen in the end what the log holds for it, nobody has seen \
    what is not for them, and every projection equals its rebuild
    """)
  func runs() async {
    let seeds = SeedRange.current
    let tally = NIOLockedValueBox(RunTally())
    let failures = await SimulationPool.run(seeds) { seed in
      let run = try SimRun(seed: seed)
      try run.run()
      try run.check()
      let counts = try run.takeTally()
      tally.withLockedValue { $0.add(counts) }
      return run.findings.lines
    }
    for (seed, lines) in failures.prefix(20) {
      Issue.record("seed \(seed):\n  \(lines.joined(separator: "\n  "))")
    }
    #expect(failures.isEmpty, "failing seeds: \(failures.map(\.seed))")
    guard seeds.count >= SeedRange.exhaustiveCount else { return }
    let missing = tally.withLockedValue { $0.missing(of: RunTally.expected) }
    #expect(missing.isEmpty, "none of the runs has seen \(missing)")
  }

  @Test("a fault that a run is given is found", arguments: Mutation.allCases)
  func faultsAreFound(mutation: Mutation) async {
    // Where what a seed decides has changed since, another one finds it.
    for seed in [mutation.seed] + Array(1...24) {
      let found = await SimulationPool.run([seed]) { seed in
        let run = try SimRun(seed: seed, mutation: mutation)
        try run.run()
        try run.check()
        return run.findings.lines
      }
      if found.flatMap(\.lines).contains(where: { $0.contains(mutation.sign) }) { return }
    }
    Issue.record("no run has found it")
  }

  @Test("the same seed gives the same run")
  func repeats() async {
    let heads = NIOLockedValueBox<[[Int]]>([])
    for _ in 0..<2 {
      _ = await SimulationPool.run([7]) { seed in
        let run = try SimRun(seed: seed)
        try run.run()
        heads.withLockedValue { $0.append(run.log.heads + [run.steps]) }
        return []
      }
    }
    let both = heads.withLockedValue { $0 }
    #expect(both[0] == both[1])
  }
}

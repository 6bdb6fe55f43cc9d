import Foundation
import NIOConcurrencyHelpers
import Testing

/// A bounded number of visits as a test; by the clock, ten minutes of it, in `ops/prove soak`.
@Suite("a soak", .timeLimit(.minutes(120)))
struct SoakTests {
  /// What the long form holds to besides.
  private enum Bounds {
    /// Of what well-behaved clients wait for, in company, to what they wait for alone.
    static let slowdown = 2.0
    /// What memory may grow by over the second half, beside a tenth of it: what a log of that length has of its
    /// open segments, and an allocator's own.
    static let memoryKiB = 16 << 10
  }

  private static let environment = ProcessInfo.processInfo.environment
  private static let seconds = environment["DAYBOOK_SOAK_SECONDS"].flatMap { Int($0) }
  private static let seed = environment["DAYBOOK_SOAK_SEED"].flatMap { UInt64($0) } ?? 1

  /// Files that a server opens when they are first needed: segments, and connections to its read models.
  private static let filesOpenedLate = 32

  /// Of the short form: each way of misbehaving comes up with each transport.
  static let visitsEach = 6

  @Test(
    "whatever clients do, no message that was answered is lost, doubled or out of order, and nothing stays open"
  )
  func soak() async throws {
    let server = try await RawServer.make()
    try await server.start(["--log-level", "warning"])
    let run = try await SoakRun(server, seed: SoakTests.seed)
    try await run.prepare()
    let before = server.process.descriptors()
    if let seconds = SoakTests.seconds {
      try await longForm(run, seconds: seconds)
    } else {
      try await run.serve(pause: nil) {
        _ = await run.visit(pause: nil, from: 0) { $0 < SoakTests.visitsEach }
      }
    }
    await run.settle()
    #expect(run.check() == [])
    try await nothingIsOpen(run, before)
    try await run.end()
    #expect(server.server.isRunning, "\(server.server.errors)")
    let output = try #require(await server.server.stop())
    #expect(output.status == 0, "\(output.errors)")
    for command in [["log", "verify"], ["projection", "verify"]] {
      try await Program.succeed(command + ["--data", server.server.data])
    }
  }

  /// `before` was counted while those were connected who behave. Files are the log's and the projections', of which
  /// there may be some more.
  private func nothingIsOpen(
    _ run: SoakRun, _ before: ServerProcess.Descriptors
  ) async throws {
    let expected = before.others - RawTransport.allCases.count * SoakRun.good
    while run.server.process.descriptors().others > expected {
      try #require(run.server.server.isRunning)
      try await Task.sleep(for: .milliseconds(20))
    }
    let after = run.server.process.descriptors()
    #expect(after.others <= expected)
    #expect(
      after.files + after.deleted <= before.files + before.deleted + SoakTests.filesOpenedLate)
    if SoakTests.seconds != nil {
      print("descriptors: \(before) before, \(after) after all are gone")
    }
  }

  // MARK: the long form

  /// Whoever behaves is alone for a fifth of each turn.
  private func longForm(_ run: SoakRun, seconds: Int) async throws {
    let begin = ContinuousClock.now
    let turns = max(1, seconds / 100)
    let turn = Duration.seconds(seconds) / turns
    let memory = NIOLockedValueBox<[(seconds: Double, kiB: Int)]>([])
    let watching = Task {
      var last = run.counts
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(1))
        let elapsed = (ContinuousClock.now - begin) / .seconds(1)
        memory.withLockedValue { $0.append((elapsed, run.server.process.memory())) }
        guard Int(elapsed) % 10 == 0 else { continue }
        let now = run.counts
        let p99 = run.p99
        print(
          """
          soak: \(now.acks) acks (\((now.acks - last.acks) / 10)/s), \(now.visits) visits \
          (\((now.visits - last.visits) / 10)/s), p99 \(p99.inCompany) us in company, \(p99.alone) us \
          alone, \(run.server.process.memory() >> 10) MiB, \(run.server.process.descriptors().others) \
          descriptors, \(run.faults.count) faults; \(max(0, seconds - Int(elapsed))) s left
          """)
        last = now
      }
    }
    try await run.serve(pause: .milliseconds(40)) {
      var number = 0
      for index in 0..<turns {
        let start = begin + turn * index
        run.areAlone()
        try await Task.sleep(until: start + turn / 5, clock: .continuous)
        number = await run.visit(pause: .milliseconds(100), from: number) { _ in
          ContinuousClock.now < start + turn
        }
      }
    }
    watching.cancel()
    await watching.value
    try report(run, memory.withLockedValue { $0 }, Double(seconds))
  }

  private func report(
    _ run: SoakRun, _ memory: [(seconds: Double, kiB: Int)], _ seconds: Double
  ) throws {
    func mean(_ from: Double, _ to: Double) -> Int {
      let part = memory.filter { $0.seconds >= from * seconds && $0.seconds < to * seconds }
      return part.isEmpty ? 0 : part.map(\.kiB).reduce(0, +) / part.count
    }
    let (half, end) = (mean(0.4, 0.6), mean(0.8, 1))
    let (p99, counts) = (run.p99, run.counts)
    print(
      """
      soak: seed \(SoakTests.seed), \(counts.acks) acks, \(counts.visits) visits; memory without files \
      \(mean(0.1, 0.3) >> 10) MiB at first, \(half >> 10) at half, \(end >> 10) at the end; p99 of who \
      behaves \(p99.alone) us alone, \(p99.inCompany) us in company
      """)
    #expect(end <= half + half / 10 + Bounds.memoryKiB, "memory is not flat")
    #expect(Double(p99.inCompany) <= Bounds.slowdown * Double(p99.alone))
  }
}

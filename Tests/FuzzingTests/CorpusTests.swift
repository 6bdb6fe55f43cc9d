import Foundation
import Testing

/// The short form of fuzzing: what `ops/prove fuzz` has found worth keeping, and mutations from a
/// seed. A decoder that traps ends the process, and with it the tests.
@Suite("Decoders answer whatever bytes they are given")
struct CorpusTests {
  /// For each target.
  static let mutations = 2_000

  private static func kept(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Corpus/\(target.rawValue)")
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
      .map { ($0.lastPathComponent, [UInt8](try Data(contentsOf: $0))) }
  }

  @Test("valid bytes are taken", arguments: FuzzTarget.allCases)
  func seeds(_ target: FuzzTarget) async {
    let seeds = await target.seeds()
    #expect(!seeds.isEmpty)
    for seed in seeds { #expect(await target.run(seed), "\(seed)") }
  }

  @Test("what was kept of fuzzing is answered", arguments: FuzzTarget.allCases)
  func corpus(_ target: FuzzTarget) async throws {
    let kept = try CorpusTests.kept(target)
    #expect(!kept.isEmpty)
    for input in kept { _ = await target.run(input.bytes) }
  }

  @Test("mutations of both are answered", arguments: FuzzTarget.allCases)
  func mutations(_ target: FuzzTarget) async throws {
    var mutator = Mutator(seed: 1)
    let inputs = await target.seeds() + (try CorpusTests.kept(target)).map(\.bytes)
    for number in 0..<CorpusTests.mutations {
      let input = inputs[number % inputs.count]
      _ = await target.run(mutator.mutation(of: input, with: inputs))
    }
  }
}

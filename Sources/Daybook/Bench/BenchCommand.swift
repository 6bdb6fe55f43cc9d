import ArgumentParser
import Bench
import DaybookModel
import Foundation

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure this machine with Daybook's own load.",
    discussion: """
      Each runs several times and prints a line a run on standard error; the run with the median \
      figure is the result, printed last on standard output. Data goes to a folder that is \
      removed afterwards, below --folder: put it on the disk that you want to measure.
      """,
    subcommands: [
      BenchAppend.self, BenchChat.self, BenchReplay.self, BenchGroup.self, BenchSegments.self,
      BenchState.self, BenchSend.self, BenchIdle.self, BenchMemory.self, BenchDisk.self,
      BenchMirror.self,
    ])
}

/// What every bench takes.
struct BenchOptions: ParsableArguments {
  @Option(help: "Where the temporary data goes.")
  var folder = "."

  @Option(help: "How often to run; the median is the result.")
  var runs = 5

  @Option(help: "Partitions of the log.")
  var partitions = 8

  @Option(help: "Bytes of text in a message.")
  var messageBytes = 256

  @Flag(help: "Print the result as a JSON object.")
  var json = false

  func validate() throws {
    guard (1...100).contains(runs) else { throw ValidationError("--runs is 1 to 100") }
    guard (1...Limits.partitionsMax).contains(partitions) else {
      throw ValidationError("--partitions is 1 to \(Limits.partitionsMax)")
    }
    guard (0...Limits.contentBytesMax).contains(messageBytes) else {
      throw ValidationError("--message-bytes is 0 to \(Limits.contentBytesMax)")
    }
  }

  func report(by figure: String, _ measure: (String) async throws -> BenchResult) async throws {
    try await BenchRuns(folder: folder, runs: runs, json: json).report(by: figure, measure)
  }
}

struct BenchRuns {
  let folder: String
  let runs: Int
  let json: Bool

  /// Runs `measure` in a folder of its own, as often as asked, and prints the median run.
  func report(by figure: String, _ measure: (String) async throws -> BenchResult) async throws {
    var results: [BenchResult] = []
    for run in 1...runs {
      let scratch = try BenchScratch(in: folder, run: run)
      defer { scratch.remove() }
      let result = try await measure(scratch.path)
      printToStandardError("run \(run) of \(runs): \(result.line(json: false))")
      results.append(result)
    }
    try printToStandardOutput(BenchResult.median(of: results, by: figure).line(json: json))
  }
}

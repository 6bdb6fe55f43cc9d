import ArgumentParser
import DaybookModel
import Foundation

struct BenchSegments: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segments",
    abstract: "Open, read and search a log of many short runs, and the same events of one run.",
    discussion: """
      Every run of a server that logs something begins a segment. Figures ending in _one_us are
      of the log with a single one; a ratio is how much longer many take. Files are in the page
      cache. Last come as many starts that log nothing: files_left is what they leave.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Runs of a server, each of which leaves a segment.")
  var segments = 1_000

  @Option(help: "Messages that each run logs.")
  var events = 10

  func validate() throws {
    guard (1...10_000).contains(segments) else {
      throw ValidationError("--segments is 1 to 10000")
    }
    guard (1...1_000).contains(events) else { throw ValidationError("--events is 1 to 1000") }
  }

  func run() async throws {
    try await options.report(by: "start_us") { try await measure(folder: $0) }
  }

  private func measure(folder: String) async throws -> BenchResult {
    let mailbox = BenchMailbox(messageBytes: options.messageBytes)
    let many = RunsLog(
      "\(folder)/many", mailbox, runs: segments, batchesPerRun: 1, eventsPerBatch: events)
    let one = RunsLog(
      "\(folder)/one", mailbox, runs: 1, batchesPerRun: segments, eventsPerBatch: events)
    for log in [many, one] { try await log.make() }
    var fields: [(name: String, value: BenchValue)] = [("bench", .text("segments"))]
    var figures: [(name: String, value: BenchValue)] = []
    for (name, measure) in RunsLog.measures {
      let (slow, fast) = (try measure(many), try measure(one))
      fields.append(("\(name)_ratio", .ratio(slow / fast)))
      figures += [
        ("\(name)_us", .integer(Int(slow / 1000))), ("\(name)_one_us", .integer(Int(fast / 1000))),
      ]
    }
    let files = try many.fileCount()
    let idle = try many.idleStart(segments)
    return BenchResult(
      fields: fields + figures + [
        ("idle_start_us", .integer(Int(idle / 1000))),
        ("files_left", .integer(try many.fileCount() - files)),
        ("segments", .integer(segments)), ("events", .integer(segments * events)),
      ])
  }
}

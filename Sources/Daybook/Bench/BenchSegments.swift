import ArgumentParser
import Bench

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
    let bench = SegmentsBench(
      messageBytes: options.messageBytes, segments: segments, events: events,
      logger: OperatorLog.logger)
    try await options.report(by: "start_us", bench.measure)
  }
}

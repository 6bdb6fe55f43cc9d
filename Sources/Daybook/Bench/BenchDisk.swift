import ArgumentParser
import Bench

struct BenchDisk: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disk",
    abstract: "Measure what one small durable write costs on this disk, done in several ways.",
    discussion: """
      growing: behind the end of a file, then fdatasync. filled: into room that was zero-filled \
      beforehand, then fdatasync, which is how the log's journal is written. dsync: the same in \
      one call, on a file opened with O_DSYNC. direct: that past the page cache (O_DIRECT), in blocks \
      of 4 KiB. One write at a time, in turns; nothing else of Daybook runs.
      """)

  @Option(help: "Where the temporary data goes.")
  var folder = "."

  @Option(help: "How often to run; the median is the result.")
  var runs = 5

  @Option(help: "Bytes of a write.")
  var bytes = 512

  @Option(help: "Writes of each way.")
  var writes = 2_000

  @Flag(help: "Print the result as a JSON object.")
  var json = false

  func validate() throws {
    guard (1...100).contains(runs) else { throw ValidationError("--runs is 1 to 100") }
    guard (1...1_048_576).contains(bytes) else { throw ValidationError("--bytes is 1 to 1048576") }
    guard (1...1_000_000).contains(writes) else {
      throw ValidationError("--writes is 1 to 1000000")
    }
  }

  func run() async throws {
    let bench = DiskBench(bytes: bytes, writes: writes)
    try await BenchRuns(folder: folder, runs: runs, json: json).report(
      by: "filled_p50_us", bench.measure)
  }
}

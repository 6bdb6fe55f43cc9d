import ArgumentParser
import Bench

struct BenchAppend: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "append",
    abstract: "Group messages through decide and the log, each synced before it is answered.",
    discussion: """
      In this process, without network and projections. A bare loop then writes and syncs as many
      bytes in the same batch sizes to growing files: ratio_to_bare is what Daybook gets of that.
      ratio_to_prepared compares with a thread for each partition and files that were zero-filled
      beforehand, which is as much as the disk gives.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Messages in all.")
  var messages = 2_000_000

  @Option(help: "Messages in flight, over all partitions.")
  var inFlight = 4096

  @Option(help: "Groups of each partition.")
  var groups = 16

  func validate() throws {
    guard messages >= options.partitions else {
      throw ValidationError("--messages is at least one a partition: \(options.partitions)")
    }
    guard (1...10_000_000).contains(inFlight) else {
      throw ValidationError("--in-flight is 1 to 10000000")
    }
    guard (1...10_000).contains(groups) else { throw ValidationError("--groups is 1 to 10000") }
  }

  func run() async throws {
    let bench = AppendBench(
      partitions: options.partitions, messageBytes: options.messageBytes, messages: messages,
      inFlight: inFlight, groups: groups, logger: OperatorLog.logger)
    try await options.report(by: "events_per_s", bench.measure)
  }
}

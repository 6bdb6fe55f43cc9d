import ArgumentParser
import Bench

struct BenchReplay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Read a log of direct messages, and rebuild all projections from it.",
    discussion: """
      events_per_s is the rebuild of all projections together; read_events_per_s is
      reading the log alone, every checksum verified. The log is in the page cache.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Message events in the log: half of them sent, half their senders' copies.")
  var events = 1_000_000

  @Option(help: "Users, in pairs that write to each other.")
  var users = 1_000

  func validate() throws {
    guard users >= 2, users % 2 == 0 else { throw ValidationError("--users is an even number") }
    guard events >= 2 else { throw ValidationError("--events is at least 2") }
  }

  func run() async throws {
    let bench = ReplayBench(
      partitions: options.partitions, messageBytes: options.messageBytes, events: events,
      users: users, logger: OperatorLog.logger)
    try await options.report(by: "events_per_s", bench.measure)
  }
}

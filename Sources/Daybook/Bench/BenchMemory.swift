import ArgumentParser
import Bench
import DaybookModel

struct BenchMemory: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory",
    abstract: "The memory of sessions that do not read what is pushed to them.",
    discussion: """
      The server is a process of its own on the same machine. Each session is another user's device, all of \
      one group; when all have connected they stop reading, and so much is sent to the group. \
      grown_kb_per_session is what the server's resident memory has grown by, for each.
      """)

  @Option(help: "Where the temporary data goes.")
  var folder = "."

  @Option(help: "How often to run; the median is the result.")
  var runs = 1

  @Option(help: "Partitions of the log.")
  var partitions = 8

  @Option(help: "Sessions, of a user each.")
  var sessions = 5_000

  @Option(help: "Megabytes that are pushed to each.")
  var megabytes = 20

  @Option(help: "Bytes of text in a message.")
  var messageBytes = 16_384

  @Option(
    help: "What the server lets a session have in memory; without it, what it does by itself.")
  var sessionBytesMax: Int?

  @Flag(help: "Print the result as a JSON object.")
  var json = false

  func validate() throws {
    guard (1...100).contains(runs) else { throw ValidationError("--runs is 1 to 100") }
    guard (1...Limits.partitionsMax).contains(partitions) else {
      throw ValidationError("--partitions is 1 to \(Limits.partitionsMax)")
    }
    guard (1...20_000).contains(sessions), (1...1_000).contains(megabytes) else {
      throw ValidationError("--sessions is 1 to 20000, --megabytes 1 to 1000")
    }
    guard (1...Limits.contentBytesMax).contains(messageBytes) else {
      throw ValidationError("--message-bytes is 1 to \(Limits.contentBytesMax)")
    }
  }

  func run() async throws {
    let bench = MemoryBench(
      partitions: partitions, sessions: sessions, pushedBytes: megabytes * 1_000_000,
      messageBytes: messageBytes, sessionBytesMax: sessionBytesMax, logger: OperatorLog.logger)
    try await BenchRuns(folder: folder, runs: runs, json: json)
      .report(by: "grown_kb_per_session", bench.measure)
  }
}

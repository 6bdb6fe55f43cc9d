import ArgumentParser
import Bench
import DaybookModel

struct BenchIdle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle",
    abstract: "Logins a second, and the memory of connections that do nothing.",
    discussion: """
      The server is a process of its own on the same machine. Each connection is another user's \
      device. logins_per_s is of devices that were never there, known_logins_per_s of the same ones \
      once more; server_cpu_us_… is the server's processor time for one. rss_kb_per_connection is \
      what the server's resident memory has grown by, for each, when all of them have connected, \
      settled_… when they have been silent for --seconds. With --churn so many more then come and go, \
      all at once and again, and churned_… is what the same connections take after that.
      """)

  @Option(help: "Where the temporary data goes.")
  var folder = "."

  @Option(help: "How often to run; the median is the result.")
  var runs = 3

  @Option(help: "Partitions of the log.")
  var partitions = 8

  @Option(help: "Connections, of a user each.")
  var connections = 5_000

  @Option(help: "Logins on their way at one time.")
  var inFlight = 64

  @Option(help: "For how many seconds they stay, or as 2m.", transform: TimeSpan.parse)
  var seconds = TimeSpan(seconds: 2)

  @Flag(help: "Connect by TLS.")
  var tls = false

  @Flag(help: "Connect over WebSocket, with --tls inside of TLS.")
  var ws = false

  @Option(help: "Connections that come and go, before memory is looked at once more.")
  var churn = 0

  @Flag(help: "Print the result as a JSON object.")
  var json = false

  func validate() throws {
    guard (1...100).contains(runs) else { throw ValidationError("--runs is 1 to 100") }
    guard (1...Limits.partitionsMax).contains(partitions) else {
      throw ValidationError("--partitions is 1 to \(Limits.partitionsMax)")
    }
    guard (1...20_000).contains(connections), (1...1_000).contains(inFlight) else {
      throw ValidationError("--connections is 1 to 20000, --in-flight 1 to 1000")
    }
    guard (0...10_000_000).contains(churn) else {
      throw ValidationError("--churn is 0 to 10000000")
    }
    // Who says nothing for longer is taken for gone.
    guard (0...30).contains(seconds.seconds) else { throw ValidationError("--seconds is 0 to 30") }
  }

  func run() async throws {
    let bench = IdleBench(
      partitions: partitions, connections: connections, inFlight: inFlight,
      seconds: Int(seconds.seconds), churn: churn, isTLS: tls, isWebSocket: ws)
    try await BenchRuns(folder: folder, runs: runs, json: json)
      .report(by: "logins_per_s", bench.measure)
  }
}

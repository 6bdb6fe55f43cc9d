import ArgumentParser
import Bench
import DaybookModel

struct BenchState: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "state",
    abstract: "What the state of a partition with very many users costs.",
    discussion: """
      One partition, without network or projections; each stage is a process of its own. Every user \
      has a device and a message of another. user_bytes is what a start takes of memory for each \
      (resident size, from before the start to its first ack), first_ack_ms how long it takes until \
      that. Then messages go to random users at --rate, first without snapshots (quiet_…), then \
      with one after another: pause_max_us is the longest that any event loop kept a task waiting \
      that was due each millisecond, ack_… the time from when a message was due to its ack. Last, \
      --members join one group: member_bytes is what a start takes more for each of them. Then they \
      leave it: former_members_bytes is what it takes more for all of them after that.
      """)

  @Option(help: "Where the temporary data goes.")
  var folder = "."

  @Option(help: "How often to run; the median is the result.")
  var runs = 1

  @Option(help: "Users in the partition.")
  var users = 1_000_000

  @Option(help: "Users who join a group and leave it; 0: none.")
  var members = 1_000_000

  @Option(help: "Messages a second while snapshots are made.")
  var rate = 1_000

  @Option(
    help: "For how many seconds, or as 2m, with snapshots and without.", transform: TimeSpan.parse)
  var seconds = TimeSpan(seconds: 30)

  @Option(help: "Commands on their way at one time while users and members are made.")
  var inFlight = 4_096

  @Flag(help: "Print the result as a JSON object.")
  var json = false

  @Option(help: .hidden)
  var stage: String?

  func validate() throws {
    guard (1...100).contains(runs) else { throw ValidationError("--runs is 1 to 100") }
    guard (2...10_000_000).contains(users) else {
      throw ValidationError("--users is 2 to 10000000")
    }
    guard (0...users).contains(members) else {
      throw ValidationError("--members is 0 to the number of users")
    }
    guard (1...100_000).contains(rate), (1...3_600).contains(seconds.seconds) else {
      throw ValidationError("--rate is 1 to 100000, --seconds 1 to 3600")
    }
    guard (1...10_000).contains(inFlight) else {
      throw ValidationError("--in-flight is 1 to 10000")
    }
    guard stage == nil || stage.flatMap({ StateStage(rawValue: $0) }) != nil else {
      throw ValidationError("there is no such stage")
    }
  }

  func run() async throws {
    let sizes = StateSizes(
      users: users, members: members, rate: rate, seconds: Int(seconds.seconds), inFlight: inFlight)
    if let stage = stage.flatMap({ StateStage(rawValue: $0) }) {
      return try printToStandardOutput(
        try await stage.run(sizes, folder: folder, logger: OperatorLog.logger))
    }
    try await BenchRuns(folder: folder, runs: runs, json: json)
      .report(by: "pause_max_us", StateBench(sizes).measure)
  }
}

import ArgumentParser
import Bench

struct BenchChat: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Users in pairs or groups over TCP: every message synced, pushed and acked.",
    discussion: """
      The server is a process of its own on the same machine, with all projections on. The
      figures include everything that follows from a message: the sender's own copy, the acks
      and the notices of delivery. projection_lag_s is how long the projections took, after the
      last message, to have everything. With --group-of the users write to groups of so many, and \
      every member acks every message. delivered_p50_us and so on are from when a message was due \
      until it has come to its receiver; server_…, syscalls, syncs, reads, writes and \
      wakeups_per_message are as in bench send. \
      With --drop-refused messages_per_s are those that were taken, and refused_per_s the others.
      """)

  @OptionGroup var options: BenchOptions

  @OptionGroup var load: LoadOptions

  @Option(help: "Users, in pairs that write to each other.")
  var users = 100

  @Option(help: "Members of each group that the users write to; without it they write in pairs.")
  var groupOf: Int?

  @Option(
    help: """
      Messages of each user, without --rate. If not given \(BenchChat.messagesOfPairs), and in groups \
      as many fewer as each comes to more users.
      """)
  var messages: Int?

  @Option(
    help: """
      Messages that a user has unanswered at most; if not given 16, and with --rate \
      \(LoadWindow.paced).
      """)
  var window: Int?

  @Option(help: "Let the server have only so many of the machine's cores.")
  var serverCores: Int?

  @Option(
    help: "Let the server mirror its log into Kafka meanwhile, by these brokers: HOST:PORT.")
  var brokers: String?

  private static let messagesOfPairs = 5_000

  func validate() throws {
    guard users >= 2, users % 2 == 0, users <= 8_000 else {
      throw ValidationError("--users is an even number up to 8000")
    }
    if let groupOf, !(2...users).contains(groupOf) || !users.isMultiple(of: groupOf) {
      throw ValidationError("--group-of is 2 or more, and --users a multiple of it")
    }
    if let serverCores, !(1...256).contains(serverCores) {
      throw ValidationError("--server-cores is 1 to 256")
    }
    if let messages, messages < 1 { throw ValidationError("--messages is at least 1") }
    if let window, !LoadWindow.range.contains(window) {
      throw ValidationError("--window is 1 to 512")
    }
    guard messages == nil || load.rate == nil else {
      throw ValidationError("--messages is for a load without --rate, which goes on for --seconds")
    }
  }

  private var offered: Offered {
    guard load.rate == nil else { return load.offered }
    return .messages(messages ?? max(1, 2 * BenchChat.messagesOfPairs / (groupOf ?? 2)))
  }

  func run() async throws {
    let bench = ChatBench(
      partitions: options.partitions, messageBytes: options.messageBytes, users: users,
      groupOf: groupOf, offered: offered,
      window: window ?? (load.rate == nil ? 16 : LoadWindow.paced),
      dropsRefused: load.dropRefused, serverCores: serverCores, brokers: brokers,
      logger: OperatorLog.logger)
    try await options.report(by: load.rate == nil ? "messages_per_s" : "p50_us", bench.measure)
  }
}

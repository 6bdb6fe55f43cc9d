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
      every member acks every message.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Users, in pairs that write to each other.")
  var users = 100

  @Option(help: "Members of each group that the users write to; without it they write in pairs.")
  var groupOf: Int?

  @Option(help: "Messages of each user.")
  var messages = 5_000

  @Option(help: "Messages that a user has unanswered at most.")
  var window = 16

  func validate() throws {
    guard users >= 2, users % 2 == 0, users <= 8_000 else {
      throw ValidationError("--users is an even number up to 8000")
    }
    if let groupOf, !(2...users).contains(groupOf) || !users.isMultiple(of: groupOf) {
      throw ValidationError("--group-of is 2 or more, and --users a multiple of it")
    }
    guard messages > 0, (1...512).contains(window) else {
      throw ValidationError("--messages is at least 1, --window is 1 to 512")
    }
  }

  func run() async throws {
    let bench = ChatBench(
      partitions: options.partitions, messageBytes: options.messageBytes, users: users,
      groupOf: groupOf, messages: messages, window: window, logger: OperatorLog.logger)
    try await options.report(by: "messages_per_s", bench.measure)
  }
}

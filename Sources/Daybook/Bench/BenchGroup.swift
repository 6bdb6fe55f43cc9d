import ArgumentParser
import Bench
import DaybookModel

struct BenchGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "group",
    abstract: "A group of very many members beside one of ten.",
    discussion: """
      In this process, without network. join_first_us and join_last_us are the mean time of a join \
      while the group is small and when it is nearly full, with --in-flight joins on their way. \
      large_us and small_us are medians of a message to either group, one at a time and in turns: \
      from the command to its answer, which is after the sync. receipts_us, with its 99th \
      percentile and its maximum, asks who of the large group has read a message, when half of its \
      members have: counts, and a page of 1,000 users. --acking members have a device each and ack what \
      was sent, once: ack_us is the mean time of that, and events_per_message what a message to the \
      large group led to in its partition before.

      With --online something else is measured, with a server's process and over TCP: so many users, all \
      connected, are in two groups, one of them alone and one with --members, of whom nobody else is \
      there. They are written to in turns: small_cpu_us and large_cpu_us are the server's processor time \
      a message, small_last_us and large_last_us the medians of the time until the last of them has it.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Members of the large group.")
  var members = 100_000

  @Option(help: "Messages to each of the two groups.")
  var messages = 1_000

  @Option(help: "Times that it is asked who has read a message.")
  var questions = 200

  @Option(help: "Joins and reads on their way at one time.")
  var inFlight = 512

  @Option(help: "Members who have a device, and ack what was sent.")
  var acking = 0

  @Option(
    help: "Users who are online, and in a group of their own too: what a message to either costs.")
  var online: Int?

  @Option(
    help: "With --online, times that each group is written to, 20 messages one after the other.")
  var rounds = 20

  func validate() throws {
    if let online {
      guard (2...members).contains(online), online <= 10_000 else {
        throw ValidationError("--online is 2 to 10000, and not more than --members")
      }
      guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds is 1 to 10000") }
    }
    guard (100...Limits.groupMembersMax).contains(members) else {
      throw ValidationError("--members is 100 to \(Limits.groupMembersMax)")
    }
    guard (0..<members).contains(acking) else {
      throw ValidationError("--acking is 0 to the number of members, the owner left out")
    }
    guard (1...1_000_000).contains(messages), (1...1_000_000).contains(questions) else {
      throw ValidationError("--messages and --questions are 1 to 1000000")
    }
    guard (1...10_000).contains(inFlight) else {
      throw ValidationError("--in-flight is 1 to 10000")
    }
  }

  func run() async throws {
    if let online {
      let bench = OnlineGroupBench(
        partitions: options.partitions, messageBytes: options.messageBytes, members: members,
        online: online, rounds: rounds, inFlight: inFlight, logger: OperatorLog.logger)
      return try await options.report(by: "cpu_ratio", bench.measure)
    }
    let bench = GroupBench(
      partitions: options.partitions, messageBytes: options.messageBytes, members: members,
      messages: messages, questions: questions, inFlight: inFlight, acking: acking,
      logger: OperatorLog.logger)
    try await options.report(by: "receipts_us", bench.measure)
  }
}

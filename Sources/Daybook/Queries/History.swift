import ArgumentParser
import DaybookModel
import Ports

/// Prints a conversation's messages.
struct History: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the newest messages of a conversation, oldest first.",
    usage: """
      daybook history [--data <data> | --server <server>] [--user <user>] --with <peer> [--before <id>] [--limit <n>] [--ids] [--json]
      daybook history [--data <data> | --server <server>] --group <group> [--before <id>] [--limit <n>] [--ids] [--json]
      """)

  @OptionGroup var asked: AskedOption

  @OptionGroup var conversation: ConversationOption

  @Option(help: "Only messages older than the one with this id.", transform: MessageID.parse)
  var before: MessageID?

  @Option(help: "How many messages, the newest ones; there is no upper bound.")
  var limit = 50

  @Flag(help: "Print each message's id too, which other commands take.")
  var ids = false

  @OptionGroup var json: JSONOption

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit is 1 or more, not \(limit)") }
    try conversation.check(asked)
  }

  func run() async throws {
    let named = try conversation.named()
    let printer = HistoryPrinter(asJSON: json.isSet, withIDs: ids)
    try await asked.asking { answers in
      try await printNewest(of: try named.key(answers), answers, printer)
    }
  }

  private func printNewest(
    of conversation: ConversationKey, _ answers: Answers, _ printer: HistoryPrinter
  ) async throws {
    let messages = try await answers.conversations.history(
      of: conversation, before: before, limit: limit)
    if messages.isEmpty { try await checkThatItExists(conversation, answers) }
    try await printer.print(messages, of: conversation) {
      try await answers.conversations.message($0, in: conversation)
    }
  }

  private func checkThatItExists(
    _ conversation: ConversationKey, _ answers: Answers
  ) async throws {
    if let user = conversation.stream.userID {
      _ = try await answers.inspection.userDetails(user)
    } else if let group = conversation.stream.groupID {
      _ = try await answers.conversations.groupDetails(group)
    }
  }
}

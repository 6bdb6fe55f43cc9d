import ArgumentParser
import DaybookModel
import DaybookSchema
import Ports
import Server

/// Prints a conversation's messages.
struct History: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the newest messages of a conversation, oldest first.",
    usage: """
      daybook history [--data <data>] --user <user> --with <peer> [--before <id>] [--limit <n>] [--ids] [--json]
      daybook history [--data <data>] --group <group> [--before <id>] [--limit <n>] [--ids] [--json]
      """)

  @OptionGroup var data: DataOption

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
  }

  func run() async throws {
    let conversation = try conversation.key()
    try await data.asking { data in
      // One more than the limit is asked for within: it must not overflow.
      let page = try await data.queries.history(
        of: conversation, before: before, limit: min(limit, 1 << 40),
        bytesMax: .max, visible: nil, through: nil, reader: nil)
      if page.messages.isEmpty { try await checkThatItExists(conversation, data) }
      var output = StandardOutput()
      let amendments = Dictionary(
        page.amendments.map { ($0.messageID, $0) }, uniquingKeysWith: { $1 })
      for stored in page.messages {
        let event = try EventDecoding.decode(stored.bytes)
        let line = try HistoryLine(event, conversation, amendments[event.messageID])
        if json.isSet {
          try output.line(line.json)
        } else {
          try output.line(line.text(withID: ids))
        }
      }
      try output.flush()
    }
  }

  private func checkThatItExists(_ conversation: ConversationKey, _ data: OpenData) async throws {
    if let user = conversation.stream.userID {
      _ = try await data.queries.userDetails(user)
      return
    }
    let first = try await data.queries.events(
      of: conversation.stream, from: Seq(1), through: Seq(1), limit: 1, bytesMax: 1)
    if first.isEmpty {
      throw DaybookError(
        .groupNotFound, "there is no group '\(conversation.stream.id)': check the name")
    }
  }
}

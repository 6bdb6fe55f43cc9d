import ArgumentParser
import DaybookModel
import Glibc
import Ports

/// Prints a conversation's messages.
struct History: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the newest messages of a conversation, oldest first.",
    usage: """
      daybook history [--data <data> | --server <server>] [--user <user>] --with <peer> [--before <id>] [--limit <n>] [--ids] [--follow] [--json]
      daybook history [--data <data> | --server <server>] --group <group> [--before <id>] [--limit <n>] [--ids] [--follow] [--json]
      """,
    discussion: """
      With --follow, messages are printed as they come, until Ctrl-C; what becomes of those that \
      stand there already is not. Of a server that takes a device's token, for a service is sent \
      nothing, and all that waits for that device counts as delivered to it.
      """)

  @OptionGroup var asked: AskedOption

  @OptionGroup var conversation: ConversationOption

  @Option(help: "Only messages older than the one with this id.", transform: MessageID.parse)
  var before: MessageID?

  @Option(help: "How many messages, the newest ones; there is no upper bound.")
  var limit = 50

  @Flag(help: "Print each message's id too, which other commands take.")
  var ids = false

  @Flag(help: "Go on with what is said from now on.")
  var follow = false

  @OptionGroup var json: JSONOption

  private static let pauseMicroseconds: UInt32 = 100_000

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit is 1 or more, not \(limit)") }
    guard !follow || before == nil else {
      throw ValidationError("--follow goes on behind the newest message: leave out --before")
    }
    try conversation.check(asked)
  }

  func run() async throws {
    let named = try conversation.named()
    let printer = HistoryPrinter(asJSON: json.isSet, withIDs: ids)
    // Where the log ends is taken before the page is read: what comes between may stand in both, and
    // nothing is left out.
    let folder = try follow ? asked.folder.map { try FolderFeed($0) } : nil
    var key: ConversationKey?
    try await asked.asking { answers in
      let conversation = try named.key(answers)
      key = conversation
      if follow, folder == nil {
        try await followSession(conversation, answers, printer)
      } else {
        try await printNewest(of: conversation, answers, printer)
      }
    }
    if let folder, let key { try await followFolder(folder, key, printer) }
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

  // MARK: following

  /// Until a signal, or the session's end.
  private func followSession(
    _ conversation: ConversationKey, _ answers: Answers, _ printer: HistoryPrinter
  ) async throws {
    guard let feed = answers.feed else {
      throw DaybookError(
        .invalidArgument,
        "a service is sent nothing to follow: use a device's token, or --data where the folder is")
    }
    try await feed.follow(conversation) {
      try await printNewest(of: conversation, answers, printer)
    } take: { id in
      guard !printer.has(id),
        let message = try await answers.conversations.message(id, in: conversation)
      else { return }
      try await printer.print([message], of: conversation) {
        try await answers.conversations.message($0, in: conversation)
      }
    }
  }

  /// Until a signal.
  private func followFolder(
    _ feed: FolderFeed, _ conversation: ConversationKey, _ printer: HistoryPrinter
  ) async throws {
    var feed = feed
    while true {
      let messages = try feed.messages(of: conversation).filter {
        !printer.has($0.event.messageID)
      }
      try await printer.print(messages, of: conversation) { id in
        // Rare enough to open the folder for: else a server could not be started meanwhile.
        var found: ShownMessage?
        try await asked.asking { found = try await $0.conversations.message(id, in: conversation) }
        return found
      }
      usleep(History.pauseMicroseconds)
    }
  }
}

import ArgumentParser
import DaybookSDK
import DaybookModel
import Importing

/// Imports a Slack export through the server's front door: frames and commands, like any client.
struct ImportSlack: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slack",
    abstract: "Import a Slack export: channels, direct messages, threads, reactions, edits.",
    discussion: """
      The export is the folder that Slack's archive unpacks to, with users.json, channels.json and \
      a folder a channel. Users are called as in Slack. A channel becomes a group of its name, \
      made and owned by its creator, whose members see what was said before they came; private \
      channels and conversations of several become groups that one is invited to. Whatever needs \
      a moderator is done by the group's owner: topics and purposes, which become the \
      description, and the recall of deleted messages. A message that Slack only says was edited, \
      not how, is sent as it stands. Entries of other kinds are counted as skipped.

      Importing an export again adds nothing, so an import that was broken off is simply started \
      again, and a later export adds what is new behind it. A day that was imported is told by its \
      entries' order: where it reads otherwise since, what differs is rejected (number_conflict), \
      and if entries were put in between, as many of that day's last messages come twice. If \
      commands are refused, they are counted as rejected, and the exit code is 1.
      """)

  @OptionGroup var server: ServerOption

  @Argument(help: "The folder of the unpacked export.")
  var folder: String

  @Option(
    help: "Only these channels, by name, or conversations, by Slack's id; separated by commas.")
  var channels: String?

  @Option(help: "Commands on their way at one time, at most (1 to \(ImportIRC.windowMax)).")
  var window = 256

  @OptionGroup var json: JSONOption

  /// Conversations at one time: while one waits for an answer that it needs, others go on.
  private static let conversationsAtOnceMax = 4

  func validate() throws {
    guard (1...ImportIRC.windowMax).contains(window) else {
      throw ValidationError("--window is 1 to \(ImportIRC.windowMax)")
    }
  }

  func run() async throws {
    let folder = try SlackFolder(path: folder, channels: channels)
    // All is read before anything is sent, so that a fault in it costs nothing; and read again
    // when it is sent, so that a whole export need not be held.
    var total = 0
    for conversation in folder.conversations {
      total += try folder.plan(of: conversation).commands.count
    }
    let client = try server.client { configuration in
      configuration.connectPatienceMilliseconds = 10_000
      configuration.commandsInFlightMax = window
    }
    let counts = try await asDaybookError { () async throws in
      let info = try await client.connect()
      guard info.service != nil else {
        throw DaybookError(
          .notPermitted, "an import acts for many users: use a token made with --service")
      }
      let progress = SlackProgress(
        commands: total, connected: Timestamp(milliseconds: info.serverTimeMilliseconds))
      progress.skip(folder.skipped)
      try await importAll(folder, through: client, progress)
      return progress.counts
    }
    await client.close()
    print(json.isSet ? counts.json : counts.summary)
    guard counts.rejected == 0 else { throw ExitCode.failure }
  }

  private func importAll(
    _ folder: SlackFolder, through client: DaybookClient, _ progress: SlackProgress
  ) async throws {
    let shown = Task { await progress.show() }
    defer { shown.cancel() }
    let atOnce = min(ImportSlack.conversationsAtOnceMax, window)
    let share = window / atOnce
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, conversation) in folder.conversations.enumerated() {
        if index >= atOnce { try await group.next() }
        group.addTask {
          let plan = try folder.plan(of: conversation)
          progress.skip(plan.skipped)
          try await client.run(SlackCommandSource(plan, progress: progress), window: share)
        }
      }
      try await group.waitForAll()
    }
    progress.end()
  }
}

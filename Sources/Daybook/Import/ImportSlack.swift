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
      The export is the zip as Slack delivers it, or the folder that it unpacks to. People and \
      channels are those of Slack's ids (u024be7lh, c024be7lh), in whatever export and whatever \
      they are called by then; their names are shown: a person's with each message, a channel's \
      as the group's title. A channel's group is made and owned by its creator, and its members \
      see what was said before they came; private channels and conversations of several become \
      groups that one is invited to. Blocks, attachments, shared messages and files come in as \
      text.

      Importing an export again adds nothing, so an import that was broken off is simply started \
      again; a later export adds what is new. A message that reads otherwise since stays as it was \
      imported, and is counted as 'changed since'.

      An entry, channel or file with a fault costs itself and nothing else: it is counted as left \
      out, and the first ones are named. The exit code is 0 if all was imported, and 1 if anything \
      was left out as faulty or rejected by the server. Entries of kinds that nothing is made of \
      are counted as skipped, by kind. schemas/imports.md has all of it.
      """)

  @OptionGroup var server: ServerOption

  @Argument(help: "The export: its zip, or the folder that it unpacks to.")
  var export: String

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
    let display = ImportDisplay()
    // All is read before anything is sent, so that what is wrong is known first; and read again when
    // it is sent, so that nothing need be held.
    let export = try SlackImport(path: export, channels: channels) {
      display.say("read \($0) entries\n")
    }
    let connection = try ImportConnection(server, window: window, display: display)
    let counts = try await asDaybookError { () async throws in
      let (_, connected) = try await connection.open()
      let progress = SlackProgress(
        entries: export.entries, connected: connected, display: display)
      progress.skip(export.skipped)
      progress.find(export.findings)
      try await connection.showing({ await progress.show() }) {
        try await importAll(export, through: connection.client, progress)
      }
      progress.end()
      return progress.counts
    }
    await connection.client.close()
    try printToStandardOutput(json.isSet ? counts.json : counts.summary)
    guard counts.isWhole else { throw ExitCode.failure }
  }

  private func importAll(
    _ export: SlackImport, through client: DaybookClient, _ progress: SlackProgress
  ) async throws {
    let atOnce = max(
      1, min(ImportSlack.conversationsAtOnceMax, window, export.conversations.count))
    let share = window / atOnce
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, conversation) in export.conversations.enumerated() {
        if index >= atOnce { try await group.next() }
        group.addTask {
          var course = export.course(of: conversation)
          let source = SlackCommandSource(conversation, progress: progress)
          while !source.isAbandoned, let next = course.next() {
            source.take(next.commands, from: next.first)
            try await client.run(source, window: share)
            progress.reached(course.plan.entries, of: conversation)
          }
          progress.skip(course.plan.skipped)
        }
      }
      try await group.waitForAll()
    }
  }
}

import ArgumentParser
import DaybookSDK
import DaybookModel
import Importing

/// Imports IRC logs through the server's front door: frames and commands, like any client.
struct ImportIRC: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "irc",
    abstract: "Import IRC logs into a group.",
    discussion: """
      Each file's name begins with its date (2004-12-25.txt); its lines are '[hh:mm] <nick> text' \
      and '=== nick [host]  has joined #channel', 'has left', 'has quit', '=== a is now known as \
      b'. Importing a file again adds nothing, so an import that was broken off is simply started \
      again. Lines that are refused are counted as rejected; if there are any, the exit code is 1.
      """)

  @OptionGroup var server: ServerOption

  @Argument(help: "The files, in the order in which they happened.")
  var files: [String]

  @Option(help: "The group to import into; made if there is none.")
  var group = IRCLog.defaultGroup

  @Option(help: "Commands on their way at one time, at most (1 to \(ImportIRC.windowMax)).")
  var window = 256

  @OptionGroup var json: JSONOption

  static let windowMax = 400

  func validate() throws {
    guard (1...ImportIRC.windowMax).contains(window) else {
      throw ValidationError("--window is 1 to \(ImportIRC.windowMax)")
    }
  }

  func run() async throws {
    let group = try GroupID.parse(group, "--group")
    // All are read before anything is sent, so that a wrong name among them costs nothing.
    var logs: [IRCLog] = []
    for file in files { logs.append(try IRCLog(path: file, group: group)) }
    let client = try server.client { configuration in
      configuration.connectPatienceMilliseconds = 10_000
      configuration.commandsInFlightMax = window
    }
    let counts = try await asDaybookError { () async throws in
      let info = try await client.connect()
      guard let service = info.service else {
        throw DaybookError(
          .notPermitted, "an import acts for many users: use a token made with --service")
      }
      let opening = GroupOpening(group: group, service: try UserID(service))
      try await opening.run(through: client)
      let progress = IRCProgress(
        lines: logs.reduce(0) { $0 + $1.plan.lineCount },
        connected: Timestamp(milliseconds: info.serverTimeMilliseconds))
      try await importAll(logs, into: group, through: client, progress)
      return progress.counts
    }
    await client.close()
    print(json.isSet ? counts.json : counts.summary)
    guard counts.rejected == 0 else { throw ExitCode.failure }
  }

  private func importAll(
    _ logs: [IRCLog], into group: GroupID, through client: DaybookClient,
    _ progress: IRCProgress
  ) async throws {
    let shown = Task { await progress.show() }
    defer { shown.cancel() }
    for log in logs {
      progress.begin(log)
      let source = IRCCommandSource(log, group: group, progress: progress)
      source.reportUnusable()
      try await client.run(source, window: window)
      progress.finish(log)
    }
    progress.end()
  }
}

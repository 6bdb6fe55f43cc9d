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
      Logs are read as these programs write them; which it was is told by a file's lines, or by \
      --format:

        ubuntu   [09:14] <nick> text · [09:14]  * nick waves · === nick [host]  has joined #x
        irssi    09:14 <@nick> text · 09:14  * nick waves · 09:14 -!- nick [host] has joined #x
        weechat  2024-05-01 09:14:07, tab, @nick, tab, text
        znc      [09:14:07] <nick> text · [09:14:07] *** Joins: nick (host)

      Times count as UTC. The day is that of the file's name, which begins with it \
      (2004-12-25.txt), or that of its lines; it goes on over midnight. Actions and notices become \
      messages as clients show them ('* nick waves', '-nick- text'). Lines of other kinds (modes, \
      topics, what the server says) are counted as skipped, by kind; so are those that are not \
      understood. A file in which no line is understood is an error.

      Importing a file again adds nothing, so an import that was broken off is simply started \
      again. Lines that are refused are counted as rejected; if there are any, the exit code is 1.
      """)

  @OptionGroup var server: ServerOption

  @Argument(help: "The files, in the order in which they happened.")
  var files: [String]

  @Option(help: "The group to import into; made if there is none.")
  var group = IRCLog.defaultGroup

  @Option(help: "Commands on their way at one time, at most (1 to \(ImportIRC.windowMax)).")
  var window = 256

  @Option(
    help: """
      Which program wrote the logs: \(IRCFormat.allCases.map(\.rawValue).joined(separator: ", ")). \
      Else it is told by each file's lines.
      """)
  var format: String?

  @Option(
    help: """
      In what the logs are written: \
      \(IRCEncoding.allCases.map(\.rawValue).joined(separator: ", ")). 'auto' reads lines that are \
      no UTF-8 as windows-1252, and counts them.
      """)
  var encoding = IRCEncoding.automatic.rawValue

  @OptionGroup var json: JSONOption

  static let windowMax = 400

  func validate() throws {
    guard (1...ImportIRC.windowMax).contains(window) else {
      throw ValidationError("--window is 1 to \(ImportIRC.windowMax)")
    }
    guard format.map({ IRCFormat(rawValue: $0) != nil }) ?? true else {
      let forms = IRCFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--format is one of \(forms)")
    }
    guard IRCEncoding(rawValue: encoding) != nil else {
      let encodings = IRCEncoding.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--encoding is one of \(encodings)")
    }
  }

  func run() async throws {
    let group = try GroupID.parse(group, "--group")
    let reading = IRCPlan.Reading(
      format: format.flatMap { IRCFormat(rawValue: $0) },
      encoding: IRCEncoding(rawValue: encoding) ?? .automatic)
    // All are read before anything is sent, so that a wrong name among them costs nothing.
    var logs: [IRCLog] = []
    for file in files { logs.append(try IRCLog(path: file, group: group, reading)) }
    let display = ImportDisplay()
    let connection = try ImportConnection(server, window: window, display: display)
    let counts = try await asDaybookError { () async throws in
      let (service, connected) = try await connection.open()
      let opening = GroupOpening(group: group, service: try UserID(service))
      try await opening.run(through: connection.client)
      let progress = IRCProgress(
        lines: logs.reduce(0) { $0 + $1.plan.lineCount }, connected: connected, display: display)
      try await connection.showing({ await progress.show() }) {
        for log in logs {
          progress.begin(log)
          let source = IRCCommandSource(log, group: group, progress: progress)
          source.reportUnusable()
          try await connection.client.run(source, window: window)
          progress.finish(log)
        }
      }
      progress.end()
      return progress.counts
    }
    await connection.client.close()
    try printToStandardOutput(json.isSet ? counts.json : counts.summary)
    guard counts.rejected == 0 else { throw ExitCode.failure }
  }
}

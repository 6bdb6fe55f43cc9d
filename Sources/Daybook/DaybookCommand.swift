import ArgumentParser
import DaybookModel
import Foundation

@main
struct DaybookCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "daybook",
    abstract: "An event-sourced log service for chat.",
    discussion: """
      Every message, ack, read and membership change is an event in a log; queues, unread counters \
      and history are made from it, and can be made again.

      What --data, --server, --token and --tls-ca say may stand in the environment instead, as \
      DAYBOOK_DATA, DAYBOOK_SERVER, DAYBOOK_TOKEN and DAYBOOK_TLS_CA; an option goes before it.
      """,
    version: "daybook \(Version.text)",
    subcommands: [
      Init.self, Serve.self, TokenCommand.self, Revoke.self, ChatCommand.self, Send.self,
      ImportCommand.self,
      History.self, Unread.self, Offline.self, Receipts.self, GroupCommand.self, UserCommand.self,
      StreamCommand.self, GatewayCommand.self, FeedCommand.self,
      LogCommand.self, ProjectionCommand.self, MirrorCommand.self, BenchCommand.self,
    ])

  /// Says what went wrong in one line, and exits as `ExitStatus` says.
  static func main() async {
    // A reader that has gone, as `head` does, is noticed by the write.
    signal(SIGPIPE, SIG_IGN)
    // Who talks with whom stands in every file: they are their owner's only.
    umask(0o077)
    let arguments = CommandArguments.joiningNegatives(Array(CommandLine.arguments.dropFirst()))
    let isForProgram = CommandArguments.areForProgram(arguments)
    do {
      try ArgumentText.check()
      try CommandNames(DaybookCommand.self).check(arguments)
      var command = try parseAsRoot(arguments)
      OperatorLog.bootstrap(
        (command as? Serve)?.log.settings
          ?? OperatorLog.Settings(format: isForProgram ? .json : .plain))
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as DaybookError {
      fail(error, isForProgram)
    } catch {
      leave(error, isForProgram)
    }
  }

  /// What the parser throws: help and the version, which were asked for, a command line that makes no
  /// sense, and the exit code of a command that has said everything.
  private static func leave(_ error: any Error, _ isForProgram: Bool) -> Never {
    switch exitCode(for: error) {
    case .validationFailure:
      let words = ParserWords.inOurs(message(for: error))
      fail(DaybookError(.invalidArgument, words), isForProgram)
    case .success:
      let columns = Int(ProcessInfo.processInfo.environment["COLUMNS"] ?? "") ?? Terminal.columns
      let page = HelpText.folded(fullMessage(for: error, columns: columns), to: columns)
      do throws(DaybookError) {
        if !page.isEmpty { try printToStandardOutput(page) }
      } catch {
        fail(error, isForProgram)
      }
      Foundation.exit(ExitStatus.success.rawValue)
    default: exit(withError: error)
    }
  }

  private static func fail(_ error: DaybookError, _ isForProgram: Bool) -> Never {
    printToStandardError(ErrorReport.line(error, forProgram: isForProgram))
    Foundation.exit(ExitStatus(error).rawValue)
  }
}

extension Terminal {
  /// Of the terminal that standard output is; 80 where it is none.
  fileprivate static var columns: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}

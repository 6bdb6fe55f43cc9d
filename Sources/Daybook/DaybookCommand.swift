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
      """,
    subcommands: [
      Init.self, Serve.self, TokenCommand.self, ChatCommand.self, ImportCommand.self, History.self,
      Unread.self, Offline.self, Receipts.self, GroupCommand.self, UserCommand.self,
      LogCommand.self, ProjectionCommand.self, BenchCommand.self,
    ])

  /// Says what went wrong in one line, and exits with 1; with 64 if the command line was at fault.
  static func main() async {
    // A reader that has gone, as `head` does, is noticed by the write.
    signal(SIGPIPE, SIG_IGN)
    // Who talks with whom stands in every file: they are their owner's only.
    umask(0o077)
    do {
      var command = try parseAsRoot()
      OperatorLog.bootstrap((command as? Serve)?.log.settings ?? OperatorLog.Settings())
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as DaybookError {
      fail(error, status: error.code == .invalidArgument ? ExitCode.validationFailure : .failure)
    } catch {
      let status = exitCode(for: error)
      guard status == .validationFailure else { exit(withError: error) }
      fail(DaybookError(.invalidArgument, message(for: error)), status: status)
    }
  }

  private static func fail(_ error: DaybookError, status: ExitCode) -> Never {
    printToStandardError("daybook: \(Terminal.safe(error.operatorLine))")
    Foundation.exit(status.rawValue)
  }
}

extension DaybookError {
  /// Code, message, and what led to it where that says more: the path that a system call was about.
  var operatorLine: String {
    let isFoundations = cause.map { type(of: $0) is NSError.Type || $0 is CocoaError } ?? true
    let because = isFoundations ? "" : " (\(cause!))"
    return "\(code.name): \(message)\(because)".split(separator: "\n").joined(separator: " ")
  }
}

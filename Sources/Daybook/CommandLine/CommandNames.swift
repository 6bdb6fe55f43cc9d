import ArgumentParser
import DaybookModel

/// Looks for a command's name before its arguments are parsed: the parser would call a wrong one an
/// unexpected argument, or find fault with the options behind it.
struct CommandNames {
  private let root: any ParsableCommand.Type

  init(_ root: any ParsableCommand.Type) { self.root = root }

  /// Throws `invalid_argument` for a command that there isn't, and for an option where a command's
  /// name belongs.
  func check(_ arguments: [String]) throws(DaybookError) {
    let isHelp = arguments.first == "help"
    var rest = arguments.dropFirst(isHelp ? 1 : 0)
    var (command, path) = (root, "daybook")
    while let name = rest.popFirst() {
      let known = command.configuration.subcommands
      if known.isEmpty {
        if isHelp { throw missing(name, in: path, []) }
        return
      }
      if name.hasPrefix("-") {
        guard !isOption(name, isRoot: path == "daybook") else { return }
        throw DaybookError(
          .invalidArgument,
          "unknown option '\(name)': '\(path)' is followed by one of \(list(known))")
      }
      guard let next = known.first(where: { $0._commandName == name }) else {
        throw missing(name, in: path, known)
      }
      (command, path) = (next, "\(path) \(name)")
    }
  }

  private func isOption(_ name: String, isRoot: Bool) -> Bool {
    if ["-h", "--help", "-help"].contains(name) { return true }
    return isRoot
      && ["--version", "--generate-completion-script", "--experimental-dump-help"].contains {
        name == $0 || name.hasPrefix("\($0)=")
      }
  }

  private func missing(
    _ name: String, in path: String, _ known: [any ParsableCommand.Type]
  ) -> DaybookError {
    let siblings = known.map { "\(path) \($0._commandName)" }
    // The parser's own command is in no list.
    let names = known.map { $0._commandName } + (path == "daybook" ? ["help"] : [])
    let close = EditDistance.near(name, among: names).map { "\(path) \($0)" }
    let elsewhere = all(root, "daybook").filter {
      $0.hasSuffix(" \(name)") && !siblings.contains($0)
    }
    let suggested = (close + elsewhere).map { "'\($0)'" }
    let hint =
      if let first = suggested.first {
        suggested.count == 1 || !close.isEmpty
          ? "did you mean \(first)?" : "did you mean \(suggested.joined(separator: " or "))?"
      } else if known.isEmpty {
        "'\(path)' has no commands of its own"
      } else {
        "there are \(list(known))"
      }
    return DaybookError(.invalidArgument, "no such command '\(path) \(name)'; \(hint)")
  }

  private func list(_ commands: [any ParsableCommand.Type]) -> String {
    commands.map { $0._commandName }.joined(separator: ", ")
  }

  /// Every command below, by its whole name.
  private func all(_ command: any ParsableCommand.Type, _ path: String) -> [String] {
    command.configuration.subcommands.flatMap { next in
      let name = "\(path) \(next._commandName)"
      return [name] + all(next, name)
    }
  }
}

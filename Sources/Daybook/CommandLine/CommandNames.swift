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
    let close = names.map { ($0, CommandNames.distance($0, name)) }.filter { $0.1 <= 2 }
      .sorted { $0.1 < $1.1 }.map { "\(path) \($0.0)" }
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

  /// How many letters have to be put in, left out, changed or (next to each other) swapped
  /// (optimal string alignment).
  static func distance(_ one: String, _ other: String) -> Int {
    let (one, other) = (Array(one.utf8), Array(other.utf8))
    var before: [Int] = []
    var last = Array(0...other.count)
    for row in 1...max(one.count, 1) where row <= one.count {
      var line = [row]
      for column in 1...max(other.count, 1) where column <= other.count {
        let isEqual = one[row - 1] == other[column - 1]
        var best = min(
          last[column] + 1, line[column - 1] + 1, last[column - 1] + (isEqual ? 0 : 1))
        let isSwapped =
          row > 1 && column > 1 && one[row - 1] == other[column - 2]
          && one[row - 2] == other[column - 1]
        if isSwapped { best = min(best, before[column - 2] + 1) }
        line.append(best)
      }
      (before, last) = (last, line)
    }
    return last[other.count]
  }
}

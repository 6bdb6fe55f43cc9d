import DaybookModel

/// What `/help` says, and what is said of a line that is no command.
extension ChatForm {
  private static let usageWidth = 25

  private var line: String { "  \(Terminal.padded(usage, to: ChatForm.usageWidth)) \(meaning)" }

  /// All of it, for who reads it at leisure.
  package static let help: String = {
    var lines: [String] = []
    for section in sections {
      lines.append(section.title)
      lines += section.forms.map(\.line)
      lines.append("")
    }
    lines += [
      "Anything else is sent; @USER in it mentions that user, @everyone a whole group.",
      "✓ means stored, ✓✓ delivered or read. #GROUP or @USER stands before what is said",
      "elsewhere than in the open conversation, and may be written so everywhere.",
      "",
      "At a terminal, Tab completes commands, users and groups; Alt-Enter, or \\ at its",
      "end, begins another line of a message; Up and Ctrl-R find what was typed before,",
      "PageUp is /older. What is pasted is text, whatever it begins with.",
    ]
    return lines.joined(separator: "\n")
  }()

  /// What fits on a screen: of each section the first things, and the names of the rest.
  static let overview: String = {
    var lines: [String] = []
    for section in sections {
      lines.append(section.title)
      lines += section.forms.filter { section.first.contains($0.name) }.map(\.line)
      let others = section.forms.map(\.name).filter { !section.first.contains($0) }
      lines += folded(others)
    }
    lines += [
      "Anything else is sent; @USER in it mentions that user, @everyone a whole group.",
      "/help COMMAND says what a command does.",
    ]
    return lines.joined(separator: "\n")
  }()

  private static let columnsMax = 80

  /// Names one behind the other, as many a line as fit.
  private static func folded(_ names: [String]) -> [String] {
    names.reduce(into: [String]()) { lines, name in
      if let last = lines.last, last.count + 1 + name.count <= columnsMax {
        lines[lines.count - 1] = "\(last) \(name)"
      } else {
        lines.append("  \(name)")
      }
    }
  }

  /// Of one command, with or without its slash.
  static func help(for name: String) -> ChatInput {
    let name = name.hasPrefix("/") ? name : "/" + name
    return named[name] == nil ? .wrong(unknown(name)) : .help(name)
  }

  /// `/reply N TEXT: answer a message`, and what is written for a word in capitals.
  var explained: String {
    let words = explanation.isEmpty ? "" : "; \(explanation)"
    return "\(usage): \(meaning)\(words)"
  }

  /// What a line with the command's name has to look like.
  var advice: String {
    "it is written: \(usage)" + (explanation.isEmpty ? "" : "; \(explanation)")
  }

  /// What words in capitals stand for, where their names don't say it.
  private static let placeholders = [
    ("N", "N is the number in front of a message"), ("COUNT", "COUNT is a number from 1 on"),
    ("DAYS", "DAYS is a number from 1 on"),
    ("WHERE", "WHERE is a user, as ann or @ann, or a group, as #team"),
  ]

  private var explanation: String {
    let words = arguments.split(separator: " ").map { $0.filter { !"[]".contains($0) } }
    return ChatForm.placeholders.filter { words.contains($0.0) }.map(\.1)
      .joined(separator: "; ")
  }

  /// Of a command that there isn't, with the one that was probably meant.
  static func unknown(_ name: String) -> String {
    let shown = Terminal.safe(name)
    // So short a word that all of it would be another is like nothing.
    let meant = EditDistance.near(name, among: named.keys).first {
      EditDistance.between($0, name) < name.count - 1
    }
    guard let meant else {
      return "there is no \(shown); /help lists what there is"
    }
    return "there is no \(shown); did you mean \(meant)?"
  }
}

import DaybookModel

/// The parser folds all of a help page into the terminal's width (or COLUMNS) but what stands behind
/// USAGE.
enum HelpText {
  private static let heading = "USAGE: "

  static func folded(_ page: String, to columns: Int) -> String {
    var isUsage = false
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false).flatMap {
      line -> [String] in
      if line.hasPrefix(heading) { isUsage = true } else if line.isEmpty { isUsage = false }
      return isUsage ? fold(line, to: columns) : [String(line)]
    }
    return lines.joined(separator: "\n")
  }

  /// At spaces, what goes on further to the right.
  private static func fold(_ line: Substring, to columns: Int) -> [String] {
    let indent = String(repeating: " ", count: heading.count + 2)
    var lines: [String] = []
    var current = String(line.prefix { $0 == " " })
    var hasWords = false
    for word in line.split(separator: " ") {
      let width = DisplayWidth.of(current) + (hasWords ? 1 : 0) + DisplayWidth.of(word)
      if hasWords, width > columns {
        lines.append(current)
        (current, hasWords) = (indent, false)
      }
      current += (hasWords ? " " : "") + word
      hasWords = true
    }
    return lines + [current]
  }
}

import Foundation

/// A page's commands with what it says that they print: a fenced block `sh KIND`, and a block `text`
/// behind it.
struct TourBlock: Equatable {
  let commands: String
  /// Nil where the page shows nothing.
  let shown: [String]?

  /// Blocks of a kind, in their order.
  static func blocks(_ kind: String, in page: String) -> [TourBlock] {
    var blocks: [TourBlock] = []
    // The fenced block that a line is in, and whether nothing but blank lines lies behind commands.
    var fence: String?
    var lines: [String] = []
    var mayShow = false
    for line in page.components(separatedBy: "\n") {
      if let opened = fence {
        guard line == "```" else {
          lines.append(line)
          continue
        }
        if opened == "sh \(kind)" {
          blocks.append(TourBlock(commands: lines.joined(separator: "\n") + "\n", shown: nil))
          mayShow = true
        } else {
          if opened == "text", mayShow, let last = blocks.popLast() {
            blocks.append(TourBlock(commands: last.commands, shown: lines))
          }
          mayShow = false
        }
        fence = nil
      } else if line.hasPrefix("```") {
        fence = String(line.dropFirst(3))
        lines = []
      } else if !line.isEmpty {
        mayShow = false
      }
    }
    return blocks
  }
}

/// Whether a program has printed what a page shows.
enum TourOutput {
  /// What is another one each time has a word in its place.
  static func normalized(_ line: String) -> String {
    line
      .replacing(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/, with: "<time>")
      .replacing(/\b\d\d:\d\d\b/, with: "<clock>")
      .replacing(/\b\d{4}-\d\d-\d\d\b/, with: "<day>")
      .replacing(/\b[0-9a-f]{16}\b/, with: "<hash>")
      .replacing(/\b\d{17,19}\b/, with: "<id>")
      .replacing(/127\.0\.0\.1:\d+/, with: "<address>")
      .replacing(/[ ]+/, with: " ")
      .trimmingCharacters(in: .whitespaces)
  }

  /// Progress is shown as often as there is time for it.
  private static func isProgress(_ line: String) -> Bool { line.hasSuffix(" s left") }

  /// `…` alone on a line stands for any lines, within a line for anything.
  static func matches(_ printed: [String], _ shown: [String]) -> Bool {
    let printed = printed.filter { !isProgress($0) }.map(normalized)[...]
    return matches(printed, shown.map(normalized)[...])
  }

  private static func matches(_ printed: ArraySlice<String>, _ shown: ArraySlice<String>) -> Bool {
    guard let pattern = shown.first else { return printed.isEmpty }
    if pattern == "…" {
      return (printed.startIndex...printed.endIndex).contains {
        matches(printed[$0...], shown.dropFirst())
      }
    }
    guard let line = printed.first, matches(line: line, pattern) else { return false }
    return matches(printed.dropFirst(), shown.dropFirst())
  }

  private static func matches(line: String, _ pattern: String) -> Bool {
    let parts = pattern.components(separatedBy: "…")
    guard parts.count > 1 else { return line == pattern }
    guard line.hasPrefix(parts[0]) else { return false }
    var rest = line.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let found = rest.range(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(parts[parts.count - 1])
  }
}

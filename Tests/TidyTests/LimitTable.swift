/// The tables of `schemas/limits.md`.
struct LimitTable {
  struct Row: Equatable {
    /// `Type.constant`; nil where it is an option of a command.
    var name: String?
    /// With its unit.
    var value: String
    /// Error names and fields, which stand between backquotes.
    var errors: [String]
    var stated: [String]
  }

  var rows: [Row]

  init(markdown: String) {
    rows = markdown.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
      guard cells.count == 5, cells[0] != "what", !cells[0].hasPrefix("---") else { return nil }
      return Row(
        name: cells[1].backquoted.first, value: cells[2], errors: cells[3].backquoted,
        stated: cells[4].backquoted)
    }
  }
}

extension String {
  /// What stands between backquotes.
  var backquoted: [String] {
    split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }
}

/// Constants as a source file declares them, and what they come to.
struct DeclaredLimits {
  /// As the tables write them: `65,536`, `5 s`. Nil for what is only another limit's name.
  var values: [String: String?] = [:]

  init(source: String) {
    for line in source.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let at = words.firstIndex(where: { $0 == "let" || $0 == "var" }), at + 1 < words.count,
        let equals = words.firstIndex(of: "="), words.first != "private"
      else { continue }
      let name = words[at + 1].prefix { $0 != ":" }
      values[String(name)] = .some(
        DeclaredLimits.value(words[(equals + 1)...].joined(separator: " ")))
    }
  }

  /// Of a literal, a shift or product of literals, a duration, or what a closure gives of these.
  static func value(_ expression: String) -> String? {
    if expression.hasPrefix("{ ") { return value(String(expression.dropFirst(2).dropLast(2))) }
    for (maker, unit) in [(".seconds(", "s"), (".milliseconds(", "ms")]
    where expression.hasPrefix(maker) {
      return number(expression.dropFirst(maker.count).dropLast()).map { "\(grouped($0)) \(unit)" }
    }
    let words = expression.split(separator: " ")
    guard var value = words.first.flatMap({ number($0) }) else { return nil }
    for at in stride(from: 1, to: words.count - 1, by: 2) {
      guard let next = number(words[at + 1]) else { return nil }
      switch words[at] {
      case "<<": value <<= next
      case "*": value *= next
      default: return nil
      }
    }
    return grouped(value)
  }

  private static func number(_ text: Substring) -> UInt64? { UInt64(text.filter { $0 != "_" }) }

  private static func grouped(_ value: UInt64) -> String {
    let digits = Array(String(value))
    return digits.indices.reduce(into: "") { text, at in
      if at > 0, (digits.count - at) % 3 == 0 { text += "," }
      text.append(digits[at])
    }
  }
}

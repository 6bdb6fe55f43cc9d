/// Swift source with comments and the insides of strings replaced by spaces, so that braces and
/// words can be looked for. Lines keep their numbers. Not a parser: raw strings are not known.
struct SwiftCode {
  private(set) var lines: [String] = []

  init(_ source: String) {
    var scanner = Scanner(bytes: Array(source.utf8))
    let code = String(decoding: scanner.run(), as: UTF8.self)
    lines = code.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  private struct Scanner {
    /// A string with its quotes, or code inside a string's `\(…)` with its open parentheses.
    private enum Nesting { case string(quotes: Int), interpolation(open: Int) }

    let bytes: [UInt8]
    private var at = 0
    private var out: [UInt8] = []
    private var nesting: [Nesting] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() -> [UInt8] {
      while at < bytes.count {
        if case .string(let quotes) = nesting.last { inString(quotes) } else { inCode() }
      }
      return out
    }

    /// Byte by byte: asked at every place of every source, and debug builds take long to compare
    /// collections.
    private func starts(with text: StaticString) -> Bool {
      let wanted = text.utf8Start
      guard bytes[at] == wanted[0] else { return false }
      let count = text.utf8CodeUnitCount
      guard at + count <= bytes.count else { return false }
      var index = 1
      while index < count, bytes[at + index] == wanted[index] { index += 1 }
      return index == count
    }

    private mutating func blank(_ count: Int) {
      for byte in bytes[at..<min(at + count, bytes.count)] {
        out.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
      }
      at += count
    }

    private mutating func inCode() {
      if starts(with: "//") {
        while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { blank(1) }
      } else if starts(with: "/*") {
        while at < bytes.count, !starts(with: "*/") { blank(1) }
        blank(2)
      } else if starts(with: "\"\"\"") {
        nesting.append(.string(quotes: 3))
        blank(3)
      } else if bytes[at] == UInt8(ascii: "\"") {
        nesting.append(.string(quotes: 1))
        blank(1)
      } else {
        countParentheses()
        out.append(bytes[at])
        at += 1
      }
    }

    private mutating func countParentheses() {
      guard case .interpolation(let open) = nesting.last else { return }
      if bytes[at] == UInt8(ascii: "(") {
        nesting[nesting.count - 1] = .interpolation(open: open + 1)
      } else if bytes[at] == UInt8(ascii: ")") {
        if open == 1 {
          nesting.removeLast()
        } else {
          nesting[nesting.count - 1] = .interpolation(open: open - 1)
        }
      }
    }

    private mutating func inString(_ quotes: Int) {
      if starts(with: "\\(") {
        nesting.append(.interpolation(open: 1))
        blank(1)
        out.append(UInt8(ascii: "("))
        at += 1
      } else if bytes[at] == UInt8(ascii: "\\") {
        blank(2)
      } else if quotes == 3 ? starts(with: "\"\"\"") : bytes[at] == UInt8(ascii: "\"") {
        nesting.removeLast()
        blank(quotes)
      } else {
        blank(1)
      }
    }
  }
}

extension SwiftCode {
  struct Function: Equatable {
    var name: String
    /// 1 for the file's first.
    var line: Int
    var lineCount: Int
  }

  /// Functions and initialisers that have a body.
  var functions: [Function] {
    lines.indices.compactMap { start in
      guard let name = SwiftCode.declared(in: lines[start]), let end = bodyEnd(from: start) else {
        return nil
      }
      return Function(name: name, line: start + 1, lineCount: end - start + 1)
    }
  }

  /// Types that a file declares, with their lines.
  var types: [(name: String, line: Int)] {
    lines.enumerated().compactMap { index, line in
      let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "@") }
      let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
      guard let at = words.firstIndex(where: { kinds.contains($0) }), at + 1 < words.count,
        words[at + 1] != "func", words[at + 1] != "var"
      else { return nil }
      return (String(words[at + 1]), index + 1)
    }
  }

  /// Modules that are imported, with their lines.
  var imports: [(module: String, line: Int)] {
    lines.enumerated().compactMap { index, line in
      let words = line.split(separator: " ")
      guard let at = words.firstIndex(of: "import"), at + 1 < words.count,
        words[..<at].allSatisfy({ $0.hasPrefix("@") || accessWords.contains(String($0)) })
      else { return nil }
      let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let"]
      let named = kinds.contains(words[at + 1]) && at + 2 < words.count ? at + 2 : at + 1
      return (String(words[named].split(separator: ".")[0]), index + 1)
    }
  }

  private var accessWords: Set<String> { ["public", "package", "internal", "private"] }

  private static func declared(in line: String) -> String? {
    let words = line.split { " (<?".contains($0) }
    let before: Set<Substring> = [
      "package", "public", "private", "fileprivate", "internal", "static", "mutating", "override",
      "final", "nonisolated", "consuming", "borrowing", "convenience", "required", "class",
    ]
    for (index, word) in words.enumerated() {
      if word == "func" { return index + 1 < words.count ? String(words[index + 1]) : nil }
      if word == "init" || word == "deinit" { return String(word) }
      guard before.contains(word) || word.hasPrefix("@") else { return nil }
    }
    return nil
  }

  /// The line of the brace that closes what begins on `start`, or nil if it has no body.
  private func bodyEnd(from start: Int) -> Int? {
    var parentheses = 0
    var braces = 0
    for index in start..<lines.count {
      if braces == 0, parentheses == 0, index > start, SwiftCode.beginsAnother(lines[index]) {
        return nil
      }
      for byte in lines[index].utf8 {
        switch byte {
        case UInt8(ascii: "("): parentheses += 1
        case UInt8(ascii: ")"): parentheses -= 1
        case UInt8(ascii: "{") where parentheses == 0 || braces > 0: braces += 1
        case UInt8(ascii: "}") where parentheses == 0 || braces > 0:
          braces -= 1
          if braces < 0 { return nil }
          if braces == 0 { return index }
        default: break
        }
      }
    }
    return nil
  }

  private static func beginsAnother(_ line: String) -> Bool {
    if declared(in: line) != nil { return true }
    let words = line.split(separator: " ")
    let starts: Set<Substring> = ["var", "let", "case", "struct", "enum", "class", "extension"]
    return words.contains { starts.contains($0) }
  }
}

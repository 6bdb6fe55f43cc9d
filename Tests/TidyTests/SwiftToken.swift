/// A word or a single mark in a line of code.
struct SwiftToken {
  var text: Substring
  var before: Character?
  var after: Character?

  var isName: Bool { text.first.map { $0.isLetter || $0 == "_" } ?? false }

  static let types: Set<Substring> = [
    "struct", "class", "enum", "protocol", "actor", "typealias",
  ]

  /// Of a line of `SwiftCode`.
  static func tokens(of line: String) -> [SwiftToken] {
    var found: [SwiftToken] = []
    var at = line.startIndex
    while at < line.endIndex {
      let rest = line[at...]
      let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      let text = word.isEmpty ? rest.prefix(1) : word
      let before = line[..<at].last
      at = text.endIndex
      if text != " " {
        found.append(
          SwiftToken(text: text, before: before, after: at < line.endIndex ? line[at] : nil))
      }
    }
    return found
  }
}

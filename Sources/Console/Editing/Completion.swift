/// What Tab completes with.
struct Vocabulary: Equatable {
  /// By their names, how their arguments are written, as help shows them.
  var commands: [String: String] = [:]
  var users: [String] = []
  var groups: [String] = []
}

/// What Tab makes of the word at the cursor.
struct Completion: Equatable {
  /// How many characters before the cursor are the word's.
  var length: Int
  /// In order, each once; none if nothing fits.
  var candidates: [String]

  /// Of the text up to the cursor.
  init(of text: String, with vocabulary: Vocabulary) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    let word = words.last.map(String.init)?.split(separator: "\n").last.map(String.init) ?? ""
    let fits: [String]
    if words.count == 1, word.hasPrefix("/"), !text.contains("\n") {
      fits = vocabulary.commands.keys.map { $0 }
    } else if let arguments = words.first.flatMap({ vocabulary.commands[String($0)] }),
      let kinds = Completion.kinds(arguments, at: words.count - 2)
    {
      fits = kinds.flatMap { Completion.values($0, for: word, vocabulary) }
    } else {
      fits = Completion.mentioned(in: word, vocabulary)
    }
    length = word.count
    candidates = Set(fits.filter { $0.hasPrefix(word) && !$0.isEmpty }).sorted()
  }

  /// What all candidates begin with.
  var common: String {
    guard let first = candidates.first, let last = candidates.last else { return "" }
    return String(zip(first, last).prefix { $0 == $1 }.map(\.0))
  }

  /// `USER admin|member` at 1: `admin`, `member`. The last one may come again and again.
  private static func kinds(_ arguments: String, at index: Int) -> [String]? {
    let slots = arguments.split(separator: " ").map { $0.filter { !"[]".contains($0) } }
    guard !slots.isEmpty, index >= 0 else { return nil }
    let slot =
      index < slots.count ? slots[index] : slots.last?.hasSuffix("…") == true ? slots.last! : "TEXT"
    if slot.hasPrefix("TEXT") { return nil }
    return slot.filter { $0 != "…" }.split(separator: "|").map(String.init)
  }

  private static func values(
    _ kind: String, for word: String, _ vocabulary: Vocabulary
  ) -> [String] {
    switch kind {
    case "USER": signed(vocabulary.users, "@", word)
    case "GROUP": signed(vocabulary.groups, "#", word)
    case "COMMAND":
      vocabulary.commands.keys.map { word.hasPrefix("/") ? $0 : String($0.dropFirst()) }
    case "WHERE": signed(vocabulary.users, "@", word) + vocabulary.groups.map { "#" + $0 }
    case let kind where kind.contains { $0.isLowercase }: [kind]
    default: []
    }
  }

  /// With the sign in front where the word has it.
  private static func signed(_ names: [String], _ sign: String, _ word: String) -> [String] {
    word.hasPrefix(sign) ? names.map { sign + $0 } : names
  }

  private static func mentioned(in word: String, _ vocabulary: Vocabulary) -> [String] {
    if word.hasPrefix("@") { return vocabulary.users.map { "@" + $0 } }
    if word.hasPrefix("#") { return vocabulary.groups.map { "#" + $0 } }
    return []
  }
}

import DaybookModel

/// What the parser says of a command line that makes no sense, in the words in which all else is
/// said: small letters, the option first, and what it takes.
enum ParserWords {
  /// What is not known as the parser's stays as it is but for its first letter and its full stop.
  static func inOurs(_ message: String) -> String {
    wrongValue(message) ?? missing(message) ?? needless(message) ?? plain(message)
  }

  /// `The value 'x' is invalid for '--limit <limit>': …`. Without a reason it is no number, for all
  /// else gives one.
  private static func wrongValue(_ message: String) -> String? {
    var rest = message[...]
    guard rest.take("The value '"), let value = rest.takeUntil("' is invalid for '"),
      let name = rest.takeUntil("'")
    else { return nil }
    let option = option(name)
    if rest.take(": ") {
      // Some reasons are whole sentences.
      return rest.hasPrefix("--") ? String(rest) : "\(option) can't be '\(value)': \(rest)"
    }
    if rest.take(". Please provide one of ") {
      return "\(option) is one of \(plain(String(rest))), not '\(value)'"
    }
    return "\(option) takes a number, not '\(value)'"
  }

  /// `Missing expected argument '--user <user>'`, `Missing value for '--user <user>'`.
  private static func missing(_ message: String) -> String? {
    var rest = message[...]
    if rest.take("Missing expected argument '"), let name = rest.takeUntil("'") {
      return "\(name) is missing"
    }
    if rest.take("Missing value for '"), let name = rest.takeUntil("'") {
      return "\(option(name)) lacks its value: \(name)"
    }
    return nil
  }

  /// `The option '--json' does not take any value, but 'x' was specified.`, and what there isn't.
  private static func needless(_ message: String) -> String? {
    var rest = message[...]
    if rest.take("The option '"), let name = rest.takeUntil("' does not take any value, but '"),
      let value = rest.takeUntil("' was specified")
    {
      return "\(name) takes no value: leave '\(value)' out"
    }
    if rest.take("Unknown option '"), let name = rest.takeUntil("'") {
      // The parser's idea of what is near goes far.
      guard rest.take(". Did you mean '"), let meant = rest.takeUntil("'"),
        !EditDistance.near(String(name), among: [String(meant)]).isEmpty
      else { return "unknown option '\(name)'" }
      return "unknown option '\(name)'; did you mean '\(meant)'?"
    }
    return nil
  }

  private static func plain(_ message: String) -> String {
    let text = message.hasSuffix(".") ? String(message.dropLast()) : message
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  /// `--limit` of `--limit <limit>`; what has no name keeps its brackets.
  private static func option(_ name: Substring) -> Substring {
    name.prefix { $0 != " " }
  }
}

extension Substring {
  fileprivate mutating func take(_ prefix: String) -> Bool {
    guard hasPrefix(prefix) else { return false }
    removeFirst(prefix.count)
    return true
  }

  /// Takes what stands before `end`, and `end`; nil where that isn't there.
  fileprivate mutating func takeUntil(_ end: String) -> Substring? {
    guard let range = firstRange(of: end) else { return nil }
    defer { self = self[range.upperBound...] }
    return self[..<range.lowerBound]
  }
}

/// What somebody says, as the programs write it that set nicks in brackets.
///
///     <nick> text       a message
///      * nick text      an action
///     -nick- text       a notice
enum IRCSaid {
  /// Nil for what is none of these. `actions` is what may stand in front of who acts; `nick` takes off
  /// what the program writes of its own into one.
  static func read(
    _ line: Substring, actions: [String], nick: (Substring) -> String
  ) -> IRCLine? {
    var rest = line
    if rest.take("<") {
      guard let name = rest.takeUntil(">"), rest.isEmpty || rest.take(" ") else { return nil }
      return .message(nick: nick(name), text: String(rest))
    }
    if actions.contains(where: { rest.take($0) }) {
      guard let name = IRCNick.read(from: &rest) else { return nil }
      return .action(nick: nick(name[...]), text: String(rest))
    }
    if rest.take("-"), let source = rest.takeUntil("- ") {
      return IRCNotice.read(source, String(rest))
    }
    return nil
  }
}

/// The sender of a notice, as several programs write it: `nick`, `nick:#channel`, `nick(user@host)`.
enum IRCNotice {
  static func read(_ source: Substring, _ text: String) -> IRCLine {
    let nick = source.prefix { $0 != ":" && $0 != "(" && $0 != "/" }
    guard IRCNick.isPlausible(String(nick)) else { return .other(.server) }
    return .notice(nick: String(nick), text: text)
  }
}

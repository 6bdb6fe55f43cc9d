/// Logs as a bot of the Ubuntu channels writes them.
///
///     [09:14] <nick> text                                  a message; seconds may stand behind
///     [09:14]  * nick text                                 an action; before 2005 `=== nick text`
///     [09:14] -nick:#channel- text                         a notice
///     === nick [host]  has joined #channel                 a join
///     === nick [host]  has left #channel ["reason"]        a leave; `has quit` alike
///     === nick is now known as other                       a rename
///     === mode/#channel [+o nick]  by other                and topics: nothing here
enum IRCBracketLines {
  static func read(_ text: Substring) -> IRCStampedLine {
    if text.isEmpty { return IRCStampedLine(nil, .other(.blank)) }
    var rest = text
    if rest.take("=== ") { return IRCStampedLine(nil, stated(rest)) }
    guard rest.take("["), let clock = rest.takeClock(), rest.take("] ") else { return .unknown }
    let time = IRCTime.clock(clock)
    let said = IRCSaid.read(
      rest, actions: [" * ", "* "], nick: IRCNick.withoutArtefacts)
    guard let line = said else { return .unknown }
    return IRCStampedLine(time, line)
  }

  private static func stated(_ line: Substring) -> IRCLine {
    if let rename = rename(line) { return rename }
    if let membership = membership(line) { return membership }
    if line.utf8.starts(with: "mode/".utf8) { return .other(.mode) }
    if line.utf8.starts(with: "topic".utf8) || line.contains("[topic/") { return .other(.topic) }
    var rest = line
    guard let nick = IRCNick.read(from: &rest), IRCNick.isPlausible(nick), !rest.isEmpty else {
      return .other(line.allSatisfy { $0 == " " } ? .blank : .server)
    }
    return .action(nick: nick, text: String(rest))
  }

  private static func rename(_ line: Substring) -> IRCLine? {
    var rest = line
    guard let from = rest.takeUntil(" is now known as "), IRCNick.isOne(from), IRCNick.isOne(rest)
    else { return nil }
    return .rename(
      from: IRCNick.withoutArtefacts(from), to: IRCNick.withoutArtefacts(rest))
  }

  /// A host mask stands between, so that an action ("=== tsw has left the building") is none.
  private static func membership(_ line: Substring) -> IRCLine? {
    var rest = line
    guard let nick = nickBeforeMask(from: &rest), rest.first == "[" else { return nil }
    for spaces in ["]  ", "] "] {
      if rest.contains("\(spaces)has joined #") { return .join(nick: nick) }
      if rest.contains("\(spaces)has left #") || rest.contains("\(spaces)has quit") {
        return .leave(nick: nick)
      }
    }
    return nil
  }

  /// Leaves a mask alone that looks like the rest of a nick, for the one space in front of it is the
  /// one behind a `]`.
  private static func nickBeforeMask(from line: inout Substring) -> String? {
    var rest = line
    if let before = rest.takeUntil("] ["), !before.contains(" "), rest.contains("] ") {
      line = "[" + rest
      return "\(before)]"
    }
    return IRCNick.read(from: &line)
  }
}

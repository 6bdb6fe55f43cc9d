/// Logs of ZNC's module `log`.
///
///     [16:59:12] <ana> text                                a message
///     [17:02:00] * ana text                                an action
///     [17:02:00] -ana- text                                a notice
///     [17:03:00] *** Joins: carl (~c@host)                 a join; `Parts:`, `Quits:` leaves
///     [17:03:00] *** carl was kicked by ana (why)          a leave
///     [17:04:00] *** ana is now known as anna              a rename
enum IRCZNCLines {
  static func read(_ text: Substring) -> IRCStampedLine {
    if text.isEmpty { return IRCStampedLine(nil, .other(.blank)) }
    var rest = text
    guard rest.take("["), let clock = rest.takeClock(), rest.take("] ") else { return .unknown }
    if rest.take("*** ") { return IRCStampedLine(.clock(clock), stated(rest)) }
    let said = IRCSaid.read(rest, actions: ["* "], nick: IRCMode.without)
    return IRCStampedLine(.clock(clock), said ?? .other(.unknown))
  }

  private static func stated(_ line: Substring) -> IRCLine {
    var rest = line
    if rest.take("Joins: ") { return .join(nick: first(rest)) }
    if rest.take("Parts: ") || rest.take("Quits: ") { return .leave(nick: first(rest)) }
    if let from = rest.takeUntil(" is now known as "), !from.contains(" ") {
      return .rename(from: String(from), to: String(rest.trimmed()))
    }
    rest = line
    if let nick = rest.takeUntil(" was kicked by "), !nick.contains(" ") {
      return .leave(nick: String(nick))
    }
    if line.contains(" sets mode: ") { return .other(.mode) }
    return .other(line.contains(" changes topic ") ? .topic : .server)
  }

  private static func first(_ words: Substring) -> String { String(words.prefix { $0 != " " }) }
}

import DaybookModel

/// Logs of irssi, in the theme that it comes with.
///
///     --- Log opened Wed May 01 00:00:44 2024              a day; `Day changed` alike
///     16:59 <@ana> text                                    a message; the mode or a space before the nick
///     17:02  * ana text                                    an action
///     17:02 -ana:#channel- text                            a notice
///     17:03 -!- ana [user@host] has joined #channel        a join; `has left`, `has quit [reason]`
///     17:03 -!- ana was kicked from #channel by ben [why]  a leave
///     17:04 -!- ana is now known as anna                   a rename
enum IRCIrssiLines {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  static func read(_ text: Substring) -> IRCStampedLine {
    if text.isEmpty { return IRCStampedLine(nil, .other(.blank)) }
    var rest = text
    if rest.take("--- ") {
      guard rest.take("Log opened ") || rest.take("Day changed ") else {
        return IRCStampedLine(nil, .other(.server))
      }
      return IRCStampedLine(nil, day(rest).map { .day($0) } ?? .other(.unknown))
    }
    guard let clock = rest.takeClock(), rest.take(" ") else { return .unknown }
    return IRCStampedLine(.clock(clock), said(rest) ?? .other(.unknown))
  }

  /// `Wed May 01 00:00:44 2024`, or without the time.
  private static func day(_ text: Substring) -> Timestamp? {
    let words = text.split(separator: " ")
    guard words.count >= 4, let month = months.firstIndex(of: String(words[1])),
      let day = Int(words[2]), let year = Int(words[words.count - 1])
    else { return nil }
    return Timestamp.midnight(year: year, month: month + 1, day: day)
  }

  private static func said(_ line: Substring) -> IRCLine? {
    var rest = line
    if rest.take("-!- ") { return stated(rest) }
    if let said = IRCSaid.read(rest, actions: [" * "], nick: IRCMode.without) { return said }
    // What the server itself says: `17:03 !server …`.
    return line.first == "!" ? .other(.server) : nil
  }

  private static func stated(_ line: Substring) -> IRCLine {
    if line.utf8.starts(with: "mode/".utf8) || line.utf8.starts(with: "ServerMode/".utf8) {
      return .other(.mode)
    }
    var rest = line
    if let from = rest.takeUntil(" is now known as "), !from.contains(" ") {
      return .rename(from: String(from), to: String(rest.trimmed()))
    }
    rest = line
    guard let nick = rest.takeUntil(" ") else { return .other(.server) }
    if rest.first == "[", let end = rest.firstRange(of: "] ") {
      let what = rest[end.upperBound...]
      if what.utf8.starts(with: "has joined ".utf8) { return .join(nick: String(nick)) }
      if what.utf8.starts(with: "has left ".utf8) || what.utf8.starts(with: "has quit".utf8) {
        return .leave(nick: String(nick))
      }
    }
    if rest.utf8.starts(with: "was kicked from ".utf8) { return .leave(nick: String(nick)) }
    return .other(line.contains("topic") || line.contains("Topic") ? .topic : .server)
  }
}

/// What some programs write before a nick: whether the nick is an operator, has voice and the like.
enum IRCMode {
  static func without(_ written: Substring) -> String {
    var nick = written
    while let first = nick.first, "@+%&~! ".contains(first) { nick.removeFirst() }
    return String(nick)
  }
}

import DaybookModel

/// Logs of WeeChat: three columns between tabs, time, prefix and message.
///
///     2024-05-01 16:59:12	@ana	text                        a message
///     2024-05-01 17:02:00	 *	ana text                       an action
///     2024-05-01 17:02:00	--	Notice(ana): text               a notice
///     2024-05-01 17:03:00	-->	carl (~c@host) has joined #x    a join; `<--` a leave
///     2024-05-01 17:04:00	--	ana is now known as anna        a rename
enum IRCWeechatLines {
  static func read(_ text: Substring) -> IRCStampedLine {
    if text.isEmpty { return IRCStampedLine(nil, .other(.blank)) }
    var rest = text
    guard let date = rest.takeDate(), rest.take(" ") || rest.take("T"),
      let clock = rest.takeClock(), rest.takeUntil("\t") != nil, let prefix = rest.takeUntil("\t")
    else { return .unknown }
    let time = Timestamp(milliseconds: date.milliseconds + UInt64(clock) * 1000)
    return IRCStampedLine(.moment(time), said(prefix, rest))
  }

  private static func said(_ prefix: Substring, _ message: Substring) -> IRCLine {
    var rest = message
    switch prefix.trimmed() {
    case "": return .other(.server)
    case "*":
      guard let nick = IRCNick.read(from: &rest) else { return .other(.unknown) }
      return .action(nick: IRCMode.without(nick[...]), text: String(rest))
    case "-->": return rest.takeUntil(" ").map { .join(nick: String($0)) } ?? .other(.unknown)
    case "<--": return leave(rest)
    case "--": return stated(rest)
    case "=!=", "==>": return .other(.server)
    case let name: return .message(nick: IRCMode.without(name), text: String(message))
    }
  }

  private static func leave(_ message: Substring) -> IRCLine {
    var rest = message
    guard let nick = rest.takeUntil(" ") else { return .other(.unknown) }
    if rest.take("has kicked ") {
      let kicked = rest.prefix { $0 != " " }
      return .leave(nick: String(kicked))
    }
    return .leave(nick: String(nick))
  }

  private static func stated(_ message: Substring) -> IRCLine {
    var rest = message
    if let from = rest.takeUntil(" is now known as "), !from.contains(" ") {
      return .rename(from: IRCMode.without(from), to: String(rest.trimmed()))
    }
    rest = message
    if rest.take("Notice("), let source = rest.takeUntil("): ") {
      return IRCNotice.read(source, String(rest))
    }
    if message.utf8.starts(with: "Mode ".utf8) { return .other(.mode) }
    return .other(message.contains("topic") || message.contains("Topic") ? .topic : .server)
  }
}

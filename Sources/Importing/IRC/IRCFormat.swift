/// Which program wrote a log.
package enum IRCFormat: String, Sendable, CaseIterable {
  case ubuntu
  case irssi
  case weechat
  case znc

  package func read(_ line: Substring) -> IRCStampedLine {
    switch self {
    case .ubuntu: IRCBracketLines.read(line)
    case .irssi: IRCIrssiLines.read(line)
    case .weechat: IRCWeechatLines.read(line)
    case .znc: IRCZNCLines.read(line)
    }
  }

  /// So many lines tell which it is.
  private static let linesMax = 1_000

  /// The one that most lines are understood in; of several alike, the first of the list.
  static func detected(in lines: some Collection<String>) -> IRCFormat {
    var best = (format: IRCFormat.ubuntu, understood: -1)
    for format in IRCFormat.allCases {
      let understood = lines.prefix(linesMax).count { line in
        switch format.read(line[...]).line {
        case .other(.unknown), .other(.blank): false
        default: true
        }
      }
      if understood > best.understood { best = (format, understood) }
    }
    return best.format
  }
}

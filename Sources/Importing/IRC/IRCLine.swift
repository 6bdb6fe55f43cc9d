/// What one line of an IRC log says.
///
///     [09:14] <nick> text                                  a message
///     === nick [host]  has joined #channel                 a join
///     === nick [host]  has left #channel ["reason"]        a leave
///     === nick [host]  has quit [reason]                   a leave
///     === nick is now known as other                       a rename
///     === …                                                actions, modes, topics: nothing here
package enum IRCLine: Sendable, Equatable {
  /// Minutes since midnight; the nick and the text as written.
  case message(minute: Int, nick: String, text: String)
  case join(nick: String)
  case leave(nick: String)
  case rename(from: String, to: String)
  case other

  package init(_ line: some StringProtocol) {
    let bytes = Array(line.utf8)[...]
    self = IRCLine.message(bytes) ?? IRCLine.membership(bytes) ?? .other
  }

  private static func message(_ line: ArraySlice<UInt8>) -> IRCLine? {
    guard line.count >= 9, line[0] == UInt8(ascii: "["), line[3] == UInt8(ascii: ":"),
      line[6...].starts(with: "] <".utf8),
      let hour = number(line[1...2]), let minute = number(line[4...5]), hour < 24, minute < 60,
      let end = line.firstIndex(of: UInt8(ascii: ">"))
    else { return nil }
    let rest = line[(end + 1)...]
    guard rest.isEmpty || rest.first == space else { return nil }
    return .message(
      minute: hour * 60 + minute, nick: IRCNick.withoutArtefacts(line[9..<end]),
      text: String(decoding: rest.dropFirst(), as: UTF8.self))
  }

  private static func membership(_ line: ArraySlice<UInt8>) -> IRCLine? {
    guard line.starts(with: "=== ".utf8) else { return nil }
    var rest = line.dropFirst(4)
    guard let nick = IRCNick.readBeforeMask(from: &rest) else { return nil }
    let knownAs = "is now known as ".utf8
    if rest.starts(with: knownAs) {
      rest = rest.dropFirst(knownAs.count)
      guard let other = IRCNick.read(from: &rest), rest.isEmpty else { return nil }
      return .rename(from: nick, to: other)
    }
    // A host mask stands between, so that an action ("=== tsw has left the building") is none.
    guard rest.first == UInt8(ascii: "[") else { return nil }
    let text = String(decoding: rest, as: UTF8.self)
    if text.contains("]  has joined #") { return .join(nick: nick) }
    if text.contains("]  has left #") || text.contains("]  has quit") { return .leave(nick: nick) }
    return nil
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }
}

private let space = UInt8(ascii: " ")

/// Nicks have no spaces, but the programs that wrote and masked these logs left one behind every
/// `]` of a nick: `bur[n] er` is `bur[n]er`.
package enum IRCNick {
  /// The nick as people know it, case kept.
  static func withoutArtefacts(_ written: ArraySlice<UInt8>) -> String {
    String(decoding: written.filter { $0 != space }, as: UTF8.self)
  }

  /// Takes a nick and the space behind it from the front; nil if there is none. It ends at the
  /// first space that doesn't follow a `]`.
  static func read(from line: inout ArraySlice<UInt8>) -> String? {
    var end = line.startIndex
    while end < line.endIndex {
      let isArtefact = end > line.startIndex && line[end - 1] == UInt8(ascii: "]")
      if line[end] == space && !isArtefact { break }
      end += 1
    }
    let nick = withoutArtefacts(line[line.startIndex..<end])
    line = line[end...].dropFirst()
    return nick.isEmpty ? nil : nick
  }

  /// As `read`, but leaves a mask alone that looks like the rest of a nick, for the one space in
  /// front of it is the one behind a `]`.
  static func readBeforeMask(from line: inout ArraySlice<UInt8>) -> String? {
    let mask = Array("] [host] ".utf8)
    let ends = line.indices.first { line[$0...].starts(with: mask) }
    if let ends, !line[..<ends].contains(space) {
      let nick = withoutArtefacts(line[...ends])
      line = line[(ends + 2)...]
      return nick
    }
    return read(from: &line)
  }

  /// Nicks differ by ASCII case only in display.
  package static func id(_ nick: String) -> String {
    String(
      decoding: nick.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}

package import DaybookModel

/// What one line of an IRC log says, whichever program wrote it.
package enum IRCLine: Sendable, Equatable {
  /// The nick and the text as written.
  case message(nick: String, text: String)
  /// `/me`: what the nick does.
  case action(nick: String, text: String)
  case notice(nick: String, text: String)
  case join(nick: String)
  case leave(nick: String)
  case rename(from: String, to: String)
  /// From here on it is this day, which begins then.
  case day(Timestamp)
  /// Nothing is made of it; counted by what it is.
  case other(Kind)

  /// In small letters, digits and `_`.
  package enum Kind: String, Sendable, CaseIterable {
    case mode
    case topic
    /// What the server or the program says.
    case server
    case blank
    /// Not understood.
    case unknown
  }
}

/// When a line was written, as far as it says.
package enum IRCTime: Sendable, Equatable {
  /// Seconds since midnight, of whichever day it is by then.
  case clock(Int)
  case moment(Timestamp)
}

/// A line and its time; nil where it states none.
package struct IRCStampedLine: Sendable, Equatable {
  package var time: IRCTime?
  package var line: IRCLine

  init(_ time: IRCTime?, _ line: IRCLine) {
    self.time = time
    self.line = line
  }

  static let unknown = IRCStampedLine(nil, .other(.unknown))
}

/// Nicks have no spaces, but the programs that wrote and masked some logs left one behind every
/// `]` of a nick: `bur[n] er` is `bur[n]er`.
package enum IRCNick {
  /// The nick as people know it, case kept.
  static func withoutArtefacts(_ written: Substring) -> String {
    String(String.UnicodeScalarView(written.unicodeScalars.filter { $0 != " " }))
  }

  /// Whether every space stands behind a `]`, so that without them this is one nick.
  static func isOne(_ written: Substring) -> Bool {
    var last: UInt8 = 0
    for byte in written.utf8 {
      if byte == UInt8(ascii: " "), last != UInt8(ascii: "]") { return false }
      last = byte
    }
    return !written.allSatisfy { $0 == " " }
  }

  /// Takes a nick and the space behind it from the front; nil if there is none. It ends at the
  /// first space that doesn't follow a `]`.
  static func read(from line: inout Substring) -> String? {
    var last: UInt8 = 0
    let end =
      line.utf8.indices.first { index in
        defer { last = line.utf8[index] }
        return line.utf8[index] == UInt8(ascii: " ") && last != UInt8(ascii: "]")
      } ?? line.endIndex
    let nick = withoutArtefacts(line[..<end])
    line = line[end...].dropFirst()
    return nick.isEmpty ? nil : nick
  }

  /// What servers take for a nick (RFC 2812), and letters of any language, which some take too.
  static func isPlausible(_ nick: String) -> Bool {
    guard let first = nick.unicodeScalars.first, !(0x30...0x39).contains(first.value),
      first != "-"
    else { return false }
    return nick.unicodeScalars.allSatisfy { scalar in
      scalar.properties.isAlphabetic || (0x30...0x39).contains(scalar.value)
        || "[]\\`_^{|}-".unicodeScalars.contains(scalar)
    }
  }

  /// Nicks differ by ASCII case only in display.
  package static func id(_ nick: String) -> String {
    String(
      decoding: nick.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}

/// Cursors over a line, for all forms.
extension Substring {
  /// Takes this from the front; false, and nothing is taken, where it isn't there.
  mutating func take(_ prefix: String) -> Bool {
    guard utf8.starts(with: prefix.utf8) else { return false }
    self = self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...]
    return true
  }

  /// Takes what stands before `end`, and `end`; nil where that isn't there.
  mutating func takeUntil(_ end: String) -> Substring? {
    guard let range = firstRange(of: end) else { return nil }
    defer { self = self[range.upperBound...] }
    return self[..<range.lowerBound]
  }

  /// Takes a number of so many digits.
  mutating func takeDigits(_ count: Int) -> Int? {
    let digits = utf8.prefix(count)
    guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    self = self[digits.endIndex...]
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  /// Takes `hh:mm` or `hh:mm:ss`, as seconds since midnight.
  mutating func takeClock() -> Int? {
    var rest = self
    guard let hour = rest.takeDigits(2), hour < 24, rest.take(":"),
      let minute = rest.takeDigits(2), minute < 60
    else { return nil }
    var second = 0
    var behind = rest
    if behind.take(":"), let stated = behind.takeDigits(2), stated < 60 {
      second = stated
      rest = behind
    }
    self = rest
    return hour * 3600 + minute * 60 + second
  }

  /// Takes `YYYY-MM-DD`, as the moment at which that day begins.
  mutating func takeDate() -> Timestamp? {
    var rest = self
    guard let year = rest.takeDigits(4), rest.take("-"), let month = rest.takeDigits(2),
      rest.take("-"), let day = rest.takeDigits(2),
      let date = Timestamp.midnight(year: year, month: month, day: day)
    else { return nil }
    self = rest
    return date
  }

  func trimmed() -> Substring {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }
}

/// How a log's bytes are its letters.
package enum IRCEncoding: String, Sendable, CaseIterable {
  /// Each line as UTF-8, or, where it is none, as windows-1252: as clients did who had to show both.
  case automatic = "auto"
  case utf8 = "utf-8"
  case latin1 = "latin-1"
  case latin9 = "latin-9"
  case windows1252 = "windows-1252"

  /// Nil for what is none of it.
  package func text(_ bytes: some Collection<UInt8>) -> String? {
    switch self {
    case .automatic, .utf8: return String(validating: bytes, as: UTF8.self)
    case .latin1: return letters(bytes, but: [:])
    case .latin9: return letters(bytes, but: IRCEncoding.lettersOfLatin9)
    case .windows1252: return letters(bytes, but: IRCEncoding.lettersOfWindows1252)
    }
  }

  /// What stands in for it where a line is none of it.
  var fallback: IRCEncoding? { self == .automatic ? .windows1252 : nil }

  private func letters(
    _ bytes: some Collection<UInt8>, but others: [UInt8: Unicode.Scalar]
  ) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(others[byte] ?? Unicode.Scalar(byte)) }
    return String(text)
  }

  /// Where they differ from latin-1: https://encoding.spec.whatwg.org/#indexes.
  private static let lettersOfWindows1252: [UInt8: Unicode.Scalar] = [
    0x80: "\u{20ac}", 0x82: "\u{201a}", 0x83: "\u{0192}", 0x84: "\u{201e}", 0x85: "\u{2026}",
    0x86: "\u{2020}",
    0x87: "\u{2021}", 0x88: "\u{02c6}", 0x89: "\u{2030}", 0x8a: "\u{0160}", 0x8b: "\u{2039}",
    0x8c: "\u{0152}",
    0x8e: "\u{017d}", 0x91: "\u{2018}", 0x92: "\u{2019}", 0x93: "\u{201c}", 0x94: "\u{201d}",
    0x95: "\u{2022}",
    0x96: "\u{2013}", 0x97: "\u{2014}", 0x98: "\u{02dc}", 0x99: "\u{2122}", 0x9a: "\u{0161}",
    0x9b: "\u{203a}",
    0x9c: "\u{0153}", 0x9e: "\u{017e}", 0x9f: "\u{0178}",
  ]
  private static let lettersOfLatin9: [UInt8: Unicode.Scalar] = [
    0xa4: "\u{20ac}", 0xa6: "\u{0160}", 0xa8: "\u{0161}", 0xb4: "\u{017d}", 0xb8: "\u{017e}",
    0xbc: "\u{0152}",
    0xbd: "\u{0153}", 0xbe: "\u{0178}",
  ]
}

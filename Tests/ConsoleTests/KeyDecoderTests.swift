import Testing

@testable import Console

@Suite("A terminal's bytes")
struct KeyDecoderTests {
  static let keys: [(String, [Key])] = [
    ("abc", [.text("abc")]), ("é漢👍", [.text("é漢👍")]), ("\r", [.enter]), ("\n", [.enter]),
    ("a\rb", [.text("a"), .enter, .text("b")]),
    // Cursor keys, in both modes.
    ("\u{1b}[A\u{1b}[B\u{1b}[C\u{1b}[D", [.up, .down, .right, .left]),
    ("\u{1b}OA\u{1b}OB\u{1b}OC\u{1b}OD", [.up, .down, .right, .left]),
    // Home and End: xterm, xterm's application mode, the Linux console, rxvt.
    ("\u{1b}[H\u{1b}OH\u{1b}[1~\u{1b}[7~\u{1}", [.home, .home, .home, .home, .home]),
    ("\u{1b}[F\u{1b}OF\u{1b}[4~\u{1b}[8~\u{5}", [.end, .end, .end, .end, .end]),
    ("\u{1b}[3~", [.delete]), ("\u{1b}[5~\u{1b}[6~", [.pageUp, .pageDown]),
    ("\u{1b}b\u{1b}f\u{1b}d", [.wordLeft, .wordRight, .deleteWordForward]),
    (
      "\u{1b}[1;5D\u{1b}[1;5C\u{1b}[1;3D\u{1b}[1;3C",
      [.wordLeft, .wordRight, .wordLeft, .wordRight]
    ),
    ("\u{1b}Od\u{1b}Oc\u{1b}[1;5A", [.wordLeft, .wordRight, .up]),
    ("\u{1b}\r\u{1b}\n\u{1b}[13;3u\u{1b}[13u", [.newline, .newline, .newline, .enter]),
    ("\u{1b}\u{7f}\u{7f}\u{8}", [.deleteWordBack, .backspace, .backspace]),
    (
      "\u{b}\u{15}\u{17}\u{19}\u{c}\u{12}\u{4}\u{3}\u{1a}\t\u{7}",
      [
        .killToEnd, .killToStart, .deleteWordBack, .yank, .redraw, .search, .endOfInput,
        .interrupt, .suspend, .tab, .cancel,
      ]
    ),
    // What isn't known is no text.
    ("\u{1b}[15~x\u{1b}[[Ay\u{1b}[?1;2cz\u{1b}Px", [.text("xyzx")]),
    ("\u{1b}[I\u{1b}[200;1R", []), ("\u{1b}\u{1b}[A", [.cancel, .up]),
    // Pasting: line ends are one kind, what would be keys is nothing.
    ("\u{1b}[200~a\rb\r\nc\nd\te\u{3}\u{1b}[A\u{1b}[201~\r", [.paste("a\nb\nc\nd\te[A"), .enter]),
    ("\u{1b}[200~\u{1b}[201~", [.paste("")]),
  ]

  @Test("are keys", arguments: keys)
  func decoded(bytes: String, keys: [Key]) {
    var decoder = KeyDecoder()
    #expect(decoder.take(bytes.utf8) == keys)
  }

  @Test("are the same keys in whatever pieces they come", arguments: keys)
  func pieces(bytes: String, keys: [Key]) {
    var decoder = KeyDecoder()
    var found: [Key] = []
    for byte in bytes.utf8 { found += decoder.take([byte]) }
    #expect(KeyDecoderTests.joined(found) == KeyDecoderTests.joined(keys))
  }

  /// Runs of text as one.
  private static func joined(_ keys: [Key]) -> [Key] {
    keys.reduce(into: []) { joined, key in
      if case .text(let text) = key, case .text(let before)? = joined.last {
        joined[joined.count - 1] = .text(before + text)
      } else {
        joined.append(key)
      }
    }
  }

  @Test(
    "that are no UTF-8 are one replacement for each character that could have begun",
    arguments: [
      ([0x61, 0xff, 0x62], "a\u{fffd}b"), ([0xe6, 0xbc, 0x62], "\u{fffd}b"),
      ([0xf0, 0x9f, 0x91, 0xe6, 0xbc, 0xa2], "\u{fffd}漢"), ([0xc0, 0x80], "\u{fffd}\u{fffd}"),
      ([0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"), ([0xc3, 0x0d], "\u{fffd}"),
    ])
  func invalid(bytes: [UInt8], text: String) {
    var decoder = KeyDecoder()
    #expect(decoder.take(bytes).first == .text(text))
  }

  @Test("of a paste that is too long are none of it, and what comes after is read as ever")
  func longPaste() {
    var decoder = KeyDecoder()
    let long = String(repeating: "x", count: KeyDecoder.pasteBytesMax + 1)
    let keys = decoder.take("\u{1b}[200~\(long)\u{1b}[201~a".utf8)
    #expect(keys == [.pasteTooLong, .text("a")])
    let just = String(long.dropLast(7))
    #expect(decoder.take("\u{1b}[200~\(just)\u{1b}[201~".utf8) == [.paste(just)])
  }
}

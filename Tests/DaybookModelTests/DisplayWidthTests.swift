import DaybookModel
import Testing

@Suite("columns of a terminal")
struct DisplayWidthTests {
  @Test(
    "a text takes as many as a terminal shows it in",
    arguments: [
      ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本語", 6), ("한국어", 6), ("ｶﾅ", 2),
      ("ＡＢ", 4), ("\u{1112}\u{1161}\u{11ab}", 2), ("🎂", 2), ("👨‍👩‍👧", 2), ("👍🏽", 2), ("🇩🇪", 2),
      ("❤", 1), ("❤\u{fe0f}", 2), ("1\u{fe0f}\u{20e3}", 2), ("⌚", 2), ("a\u{200b}b", 2), ("𠀋", 2),
      ("\u{1b}[1m", 3), ("नमस्ते", 4), ("«é»", 3), ("…", 1), ("✓✓", 2), ("日本 🎂 ok", 10),
      ("\u{302a}", 0), ("가", 2), ("～", 2), ("\u{ad}", 1),
    ])
  func columns(text: String, expected: Int) {
    #expect(displayWidth(of: text) == expected, "\(text)")
    #expect(displayWidth(of: text[...]) == expected)
  }

  @Test("cells are padded to columns, not to characters")
  func padding() {
    #expect(Terminal.padded("日本", to: 6) + "|" == "日本  |")
    #expect(Terminal.padded("🎂", to: 4, .right) == "  🎂")
    #expect(Terminal.padded("abc", to: 2) == "abc")
  }
}

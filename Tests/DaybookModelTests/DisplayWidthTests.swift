import DaybookModel
import Testing

@Suite("Cells of a terminal")
struct DisplayWidthTests {
  @Test(
    "are two for wide characters and emoji, none for what joins others, else one",
    arguments: [
      ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("漢字", 4), ("ｶﾅ", 2), ("カナ", 4), ("한글", 4),
      ("\u{1112}\u{1161}\u{11ab}", 2), ("👍", 2), ("👍🏽", 2), ("👨‍👩‍👧", 2), ("🇩🇪", 2), ("❤", 1),
      ("❤\u{fe0f}", 2), ("1\u{fe0f}\u{20e3}", 2), ("✓", 1), ("…", 1), ("\u{200b}", 0),
      ("\u{ad}", 1),
      ("ก็", 1), ("กำ", 2), ("नि", 2), ("\u{1b}", 0), ("🎂", 2), ("→", 1), ("（", 2), ("𠀀", 2),
    ])
  func cells(text: String, cells: Int) {
    #expect(DisplayWidth.of(text) == cells)
  }
}

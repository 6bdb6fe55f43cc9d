import DaybookModel
import Testing

@Suite("Printable text")
struct PrintableTextTests {
  @Test("what can be shown is left as it is", arguments: ["", "alice", "héllo 日本 🙂", "a\\b'c"])
  func plain(text: String) {
    #expect(PrintableText.line(text, bytesMax: 80) == text)
  }

  @Test("what would be obeyed is written out")
  func escaped() {
    let text = "a\n\0\u{1b}[2J\u{7f}\u{85}\u{2028}\u{202e}\r\nb"
    let shown = PrintableText.line(text, bytesMax: 200)
    #expect(shown == #"a\u{a}\u{0}\u{1b}[2J\u{7f}\u{85}\u{2028}\u{202e}\u{d}\u{a}b"#)
    #expect(PrintableText.line(shown, bytesMax: 200) == shown)
  }

  @Test("a text is cut by bytes, between letters, and says so", arguments: 0..<12)
  func cut(bytesMax: Int) {
    let shown = PrintableText.line("éé\u{301}日本", bytesMax: bytesMax)
    #expect(shown.hasSuffix("…"))
    #expect(shown.utf8.count <= bytesMax + 3)
    #expect(PrintableText.line(shown, bytesMax: bytesMax).utf8.count <= bytesMax + 3)
  }

  @Test("one letter of a thousand marks is cut too")
  func marks() {
    let text = "e" + String(repeating: "\u{301}", count: 1_000)
    #expect(PrintableText.quoted(text).utf8.count <= PrintableText.quotedBytesMax + 5)
  }

  @Test("an id and a stream's name that are refused are repeated so that they can be shown")
  func ids() {
    let names = ["user/\n", "user/a\0b", "group/\u{1b}[2J", "user/\u{9b}31m", "\r\nuser/a", "x\n"]
    for name in names {
      let error = #expect(throws: DaybookError.self) { try StreamKey(parsing: name) }
      let message = error?.message ?? ""
      #expect(error?.code == .invalidID)
      #expect(message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
  }
}

import DaybookModel
import Foundation
import Testing

@testable import Daybook

@Suite("JSON lines")
struct JSONLineTests {
  @Test(
    "any text comes back as it was",
    arguments: [
      "", "plain", "with \"quotes\" and \\ back\\slashes\\", "line\nbreak\r\n\ttab",
      "\u{0}\u{1f}\u{7f}",
      "héllo 日本 🙂 e\u{301}", "\u{2028}\u{2029}", "</script>", "\"", "\\",
    ])
  func roundTrip(text: String) throws {
    var line = JSONLine()
    line.set("text", text)
    let parsed = try JSONSerialization.jsonObject(with: Data(line.text.utf8)) as? [String: String]
    let back = try #require(parsed?["text"])
    #expect(Array(back.utf8) == Array(text.utf8))
    #expect(!line.text.utf8.contains { $0 < 0x20 }, "a line has no line break within")
  }

  @Test("members stand in the order in which they were set")
  func order() {
    var inner = JSONLine()
    inner.set("x", 1)
    var line = JSONLine()
    line.set("b", "text")
    line.set("a", UInt64.max)
    line.set("n", nil as String?)
    line.set("t", true)
    line.set("l", [inner, inner])
    line.set("e", [] as [JSONLine])
    line.set("s", ["\"", "b"])
    line.set("o", inner)
    line.set(named: "\"k\"", "v")
    let expected =
      #"{"b":"text","a":18446744073709551615,"n":null,"t":true,"#
      + #""l":[{"x":1},{"x":1}],"e":[],"s":["\"","b"],"o":{"x":1},"\"k\"":"v"}"#
    #expect(line.text == expected)
    #expect(JSONLine().text == "{}")
  }

  @Test("control characters are escaped as RFC 8259 wants it")
  func escapes() {
    var line = JSONLine()
    line.set("t", "\u{1}\n\u{1b}")
    #expect(line.text == #"{"t":"\u0001\n\u001b"}"#)
  }
}

@Suite("Text for people")
struct TextTableTests {
  @Test("columns are aligned, numbers to the right, without spaces at the end")
  func alignment() {
    var table = TextTable([("name", .left), ("n", .right), ("last", .left)])
    table.add(["a", "1", "x"])
    table.add(["longer", "100", ""])
    #expect(table.lines == ["name      n  last", "a         1  x", "longer  100"])
  }

  @Test("what would move a terminal's cursor is shown, not obeyed")
  func control() {
    #expect(Terminal.safe("plain text") == "plain text")
    #expect(Terminal.safe("a\u{1b}[2Jb") == "a\u{241b}[2Jb")
    #expect(Terminal.safe("a\nb\u{7f}\u{9b}\u{202e}") == "a\u{240a}b\u{2421}\u{fffd}\u{fffd}")
    #expect(Terminal.safe("héllo 日本 🙂") == "héllo 日本 🙂")
  }

  @Test("columns are straight under each other, whatever script stands in them")
  func scripts() {
    var table = TextTable([("user", .left), ("unread", .right), ("note", .left)])
    table.add(["alice", "3", "x"])
    table.add(["日本太郎", "12", "🎂"])
    table.add(["e\u{301}mile", "100", "y"])
    let columns = table.lines.map { line in
      line.lastIndex(of: " ").map { DisplayWidth.of(line[...$0]) }
    }
    #expect(Set(columns).count == 1, "\(table.lines)")
  }
}

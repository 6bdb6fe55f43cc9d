import Doubles
import Testing

@testable import Console

/// A screen, and the terminal that shows it.
private final class Desk {
  var screen: TerminalScreen
  var terminal: TerminalEmulator
  var inputs: [TerminalScreen.Input] = []

  init(_ width: Int = 40, _ height: Int = 8, prompt: String = "ann> ", hasColour: Bool = false) {
    screen = TerminalScreen(width: width, height: height, hasColour: hasColour, history: [])
    terminal = TerminalEmulator(width: width, height: height)
    screen.prompt = prompt
    terminal.take(screen.draw())
  }

  func type(_ text: String) {
    for byte in text.utf8 {
      let (bytes, inputs) = screen.type([byte])
      terminal.take(bytes)
      self.inputs += inputs
    }
  }

  func show(_ text: String, id: Int? = nil) {
    terminal.take(screen.show(ScreenLine(text), id: id))
  }

  /// Whether it changed something.
  func change(_ id: Int, _ text: String) -> Bool {
    let bytes = screen.change(id, to: ScreenLine(text))
    terminal.take(bytes)
    return !bytes.isEmpty
  }

  func resize(_ width: Int, _ height: Int) {
    terminal.resize(width: width, height: height)
    terminal.take(screen.resize(width: width, height: height))
  }

  var shown: [String] { terminal.rows.filter { !$0.isEmpty } }
}

@Suite("A terminal that a person writes at")
struct TerminalScreenTests {
  @Test("shows lines above the one being edited, of which no cell changes")
  func arriving() {
    let desk = Desk()
    desk.type("this is a half-typed sent\u{1b}[D\u{1b}[D")
    for number in 1...100 {
      desk.show("[\(number)] 16:09 ben: interrupting you")
      #expect(desk.terminal.rows.last { !$0.isEmpty } == "ann> this is a half-typed sent")
      #expect(desk.terminal.column == 28)
    }
    desk.type("X\u{1b}[Fence\r")
    #expect(
      desk.inputs == [.entered(EnteredLine(text: "this is a half-typed seXntence", isNew: true))])
    let lines = desk.terminal.lines
    #expect(lines.dropLast() == (1...100).map { "[\($0)] 16:09 ben: interrupting you" }[...])
    #expect(lines.last == "ann>" && desk.terminal.unknown.isEmpty)
  }

  @Test("wraps what is edited, wide characters and accents too, and has the cursor where they end")
  func wrapping() {
    let desk = Desk(20, 6)
    desk.type("12345678901234")
    #expect(desk.shown == ["ann> 12345678901234"] && desk.terminal.column == 19)
    desk.type("漢字e\u{301}👨‍👩‍👧")
    #expect(desk.shown == ["ann> 12345678901234", "漢字e\u{301}👨‍👩‍👧"])
    #expect(desk.terminal.row == 1 && desk.terminal.column == 7)
    desk.type("\u{7f}\u{7f}\u{7f}\u{1b}[D")
    #expect(desk.shown == ["ann> 12345678901234", "漢"])
    #expect(desk.terminal.row == 1 && desk.terminal.column == 0)
    desk.show("hi")
    #expect(desk.shown == ["hi", "ann> 12345678901234", "漢"])
    #expect(desk.terminal.row == 2 && desk.terminal.column == 0)
  }

  @Test("shows several lines, and of more than fit those around the cursor")
  func lines() {
    let desk = Desk(20, 5)
    desk.type("a\u{1b}\rb")
    #expect(desk.shown == ["ann> a", "b"])
    desk.type("\u{1b}\rc\u{1b}\rd\u{1b}\re")
    #expect(desk.shown == ["b", "c", "d", "e"])
    desk.type("\u{1b}[A\u{1b}[A\u{1b}[A\u{1b}[A")
    #expect(desk.shown == ["ann> a", "b", "c", "d"] && desk.terminal.row == 0)
    desk.type("\r")
    #expect(desk.shown == ["ann>"])
    #expect(desk.inputs == [.entered(EnteredLine(text: "a\nb\nc\nd\ne", isNew: true))])
  }

  @Test("breaks lines at spaces, and begins none at the edge that is not its own")
  func words() {
    let desk = Desk(31, 8)
    desk.show("[1] 16:09 ben: one two three four five six seven")
    #expect(desk.shown == ["[1] 16:09 ben: one two three", "    four five six seven", "ann>"])
    desk.show("[2] 16:09 ben: a\n[3] 16:09 ann: b")
    #expect(desk.shown.suffix(3) == ["[2] 16:09 ben: a", "    [3] 16:09 ann: b", "ann>"])
    desk.show("[3] 16:10 ben: " + String(repeating: "x", count: 40))
    #expect(
      desk.shown.suffix(4) == [
        "[3] 16:10 ben:", "    " + String(repeating: "x", count: 26),
        "    " + String(repeating: "x", count: 14), "ann>",
      ])
  }

  @Test("changes a line in its place while it is on the screen, and leaves what scrolled away")
  func changing() {
    let desk = Desk(40, 6)
    desk.show("[1] you: hi  …", id: 1)
    desk.show("ben: hello")
    desk.type("typing")
    #expect(desk.change(1, "[1] you: hi  ✓ stored"))
    #expect(desk.shown == ["[1] you: hi  ✓ stored", "ben: hello", "ann> typing"])
    #expect(desk.terminal.row == 2 && desk.terminal.column == 11)
    for number in 2...4 { desk.show("line \(number)") }
    #expect(
      desk.shown == [
        "[1] you: hi  ✓ stored", "ben: hello", "line 2", "line 3", "line 4", "ann> typing",
      ])
    #expect(desk.change(1, "[1] you: hi  ✓✓ read"))
    #expect(desk.shown.first == "[1] you: hi  ✓✓ read")
    desk.show("line 5")
    let before = desk.terminal.lines
    #expect(!desk.change(1, "[1] you: hi  ✗ no") && desk.terminal.lines == before)
    #expect(desk.change(7, "nobody") == false)
  }

  @Test("moves what is below where a changed line takes more rows, or fewer")
  func growing() {
    let desk = Desk(26, 6)
    desk.show("[1] you: hi  …", id: 1)
    desk.show("ben: hello")
    desk.type("typing")
    #expect(desk.change(1, "[1] you: hi  ✗ not sent (the server is full)"))
    #expect(
      desk.shown == [
        "[1] you: hi  ✗ not sent", "    (the server is full)", "ben: hello", "ann> typing",
      ])
    #expect(desk.change(1, "[1] you: hi"))
    #expect(desk.shown == ["[1] you: hi", "ben: hello", "ann> typing"])
  }

  /// Whatever is typed, shown and changed: the screen is as if it had been drawn at once.
  @Test("shows the same as one that is painted anew, after any steps", arguments: 1...40)
  func anySteps(seed: Int) {
    var random = Steps(seed)
    let desk = Desk(12 + random.next(30), 4 + random.next(6))
    var texts: [Int: String] = [:]
    for step in 0..<60 {
      switch random.next(8) {
      case 0, 1:
        texts[step] = "[\(step)] " + random.words()
        desk.show(texts[step]!, id: step)
      case 2:
        guard let id = texts.keys.sorted().last(where: { _ in random.next(2) == 0 }) else { break }
        let text = texts[id]! + random.words()
        if desk.change(id, text) { texts[id] = text }
      case 3: desk.type(["\u{1b}[D", "\u{1b}[A", "\u{1b}\r", "\u{1}", "\u{5}"][random.next(5)])
      case 4: desk.type(["\u{7f}", "\u{15}", "\r", "\u{17}"][random.next(4)])
      default: desk.type(random.words())
      }
      var again = TerminalEmulator(width: desk.terminal.width, height: desk.terminal.height)
      var rows = EditedRows(
        prompt: "ann> ", text: desk.screen.editor.line, width: desk.terminal.width - 1)
      rows.clip(to: desk.terminal.height - 1)
      again.take(rows.rows.joined(separator: "\r\n"))
      let edited = again.rows.prefix(rows.rows.count)
      let first = desk.terminal.row - rows.cursorRow
      #expect(
        Array(desk.terminal.rows[first..<first + edited.count]) == Array(edited), "step \(step)")
      #expect(desk.terminal.column == rows.cursorColumn, "step \(step)")
      let below = desk.terminal.rows[(first + edited.count)...]
      #expect(below.filter { !$0.isEmpty } == [], "step \(step)")
      // All that was shown stands there, in order, each once.
      let shown = texts.sorted { $0.key < $1.key }.flatMap {
        TextRows.wrapped($0.value, width: desk.terminal.width - 1)
      }
      let above = desk.terminal.scrolledAway + desk.terminal.rows[..<first]
      let rowsAbove = above.filter { !$0.isEmpty }
      #expect(rowsAbove == shown.map(\.trimmed).filter { !$0.isEmpty }, "step \(step)")
    }
  }

  @Test("is laid out anew in another size")
  func resizing() {
    let desk = Desk(40, 6)
    for number in 1...9 { desk.show("[\(number)] 16:09 ben: one two three four") }
    desk.type("half a sentence")
    desk.resize(24, 7)
    #expect(
      desk.shown == [
        "[7] 16:09 ben: one two", "    three four",
        "[8] 16:09 ben: one two", "    three four", "[9] 16:09 ben: one two", "    three four",
        "ann> half a sentence",
      ])
    #expect(desk.terminal.column == 20)
    desk.resize(80, 4)
    #expect(desk.shown.count == 4 && desk.shown.last == "ann> half a sentence")
    desk.type("!")
    #expect(desk.shown.last == "ann> half a sentence!")
  }

  @Test("has a clean screen after Ctrl-L, and none of the edited line after its end")
  func cleared() {
    let desk = Desk()
    desk.show("one")
    desk.type("half\u{c}")
    #expect(desk.shown == ["ann> half"] && desk.terminal.row == 0)
    desk.show("two")
    desk.terminal.take(desk.screen.leave())
    #expect(desk.shown == ["two"] && desk.terminal.row == 1 && desk.terminal.column == 0)
  }

  @Test("goes on below what others wrote meanwhile")
  func resumed() {
    let desk = Desk()
    desk.show("[1] you: hi  …", id: 1)
    desk.type("half")
    desk.terminal.take(desk.screen.leave())
    desk.terminal.take("$ fg\r\n")
    desk.screen.forget(width: 40, height: 8)
    desk.terminal.take(desk.screen.draw())
    #expect(desk.shown == ["[1] you: hi  …", "$ fg", "ann> half"])
    #expect(!desk.change(1, "[1] you: hi  ✓ stored"))
  }

  @Test("has colours, or none")
  func colours() {
    for hasColour in [true, false] {
      let desk = Desk(hasColour: hasColour)
      let bytes = desk.screen.show(ScreenLine("it failed", .problem))
      #expect(bytes.contains("\u{1b}[31mit failed\u{1b}[m") == hasColour)
      desk.terminal.take(bytes)
      #expect(desk.shown == ["it failed", "ann>"])
    }
  }

  @Test("shows the search, and what a word could become, without losing the line")
  func listed() {
    let desk = Desk()
    desk.screen.know(Vocabulary(commands: ["/to": "WHERE"], users: ["ann", "anne"]))
    desk.type("/to ann\t")
    #expect(desk.shown == ["ann  anne", "ann> /to ann"])
    desk.type("\r\u{12}to")
    #expect(desk.shown.last == "(search: to) /to ann")
  }
}

/// Steps by a seed, each time the same.
private struct Steps {
  private var state: UInt64
  init(_ seed: Int) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state % UInt64(bound))
  }

  mutating func words() -> String {
    let words = [
      "a", "bc ", "漢字", "e\u{301}", "👍🏽", "longer words ", "xxxxxxxxxxxxxxxxxxxxxxxx", " ",
    ]
    return (0..<1 + next(4)).map { _ in words[next(words.count)] }.joined()
  }
}

extension String {
  fileprivate var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}

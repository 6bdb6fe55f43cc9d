import Testing

@testable import Console

@Suite("The line being edited")
struct LineEditorTests {
  /// What is left after these bytes, with `|` where the cursor is.
  private static func edited(_ bytes: String, _ editor: LineEditor = LineEditor()) -> String {
    var editor = editor
    var decoder = KeyDecoder()
    for key in decoder.take(bytes.utf8) { _ = editor.take(key) }
    let before = editor.line.beforeCursor
    return before + "|" + editor.line.text.dropFirst(before.count)
  }

  private static func actions(_ bytes: String, _ editor: LineEditor) -> [LineEditor.Action] {
    var editor = editor
    var decoder = KeyDecoder()
    return decoder.take(bytes.utf8).flatMap { editor.take($0) }
  }

  @Test(
    "is changed by keys as everywhere",
    arguments: [
      ("abc", "abc|"), ("abc\u{1b}[D\u{1b}[DX", "aX|bc"), ("abc\u{1b}[HX", "X|abc"),
      ("abc\u{1b}[H\u{1b}[C\u{1b}[3~", "a|c"), ("abc\u{7f}", "ab|"),
      ("\u{7f}\u{1b}[D\u{1b}[C", "|"),
      ("one two\u{17}", "one |"), ("one two  \u{17}", "one |"), ("one two\u{15}", "|"),
      ("one two\u{1b}bX", "one X|two"), ("one two\u{1}\u{1b}fX", "oneX| two"),
      ("one two\u{1}\u{b}", "|"), ("one two\u{17}\u{1}\u{19}", "two|one "),
      ("one two\u{1}\u{1b}d\u{5}\u{19}", " twoone|"), ("abc\u{1}\u{4}", "|bc"),
      // What a person sees as one character is one: accents, flags, families.
      ("e\u{301}x\u{1b}[D\u{7f}", "|x"), ("👨‍👩‍👧a\u{1b}[D\u{7f}", "|a"), ("🇩🇪🇫🇷\u{7f}", "🇩🇪|"),
      ("ab\u{1b}[De\u{301}", "ae\u{301}|b"),
      ("ab\u{1b}\rcd", "ab\ncd|"), ("ab\u{1b}\rcd\u{1b}[AX", "abX|\ncd"),
      ("ab\u{1b}\rcd\u{1}\u{7f}", "ab|cd"), ("abc\\\rd", "abc\nd|"),
      ("a\\\r\u{1b}[A\u{1}b", "b|a\n"),
    ])
  func keys(bytes: String, result: String) { #expect(Self.edited(bytes) == result) }

  @Test(
    "is entered whole, and is text where it was pasted",
    arguments: [
      ("hello\r", "hello", false), ("/to bob\r", "/to bob", false),
      ("\u{1b}[200~/usr/bin/env python\n\nx\u{1b}[201~\r", "/usr/bin/env python\n\nx", true),
      ("\u{1b}[200~a\u{1b}[201~\r", "a", true), ("/\u{1b}[200~etc\u{1b}[201~\r", "/etc", false),
      ("\u{1b}[200~/to\u{1b}[201~\u{15}/to b\r", "/to b", false),
      ("a\u{1b}\rb\r", "a\nb", false), ("a\\\\\r", "a\\\\", false),
      // Typed in front of what was pasted.
      ("\u{1b}[200~x\u{1b}[201~\u{1}/\r", "/x", false),
    ])
  func entered(bytes: String, text: String, isText: Bool) {
    let actions = Self.actions(bytes, LineEditor())
    guard case .enter(let line)? = actions.first, actions.count == 1 else {
      Issue.record("\(actions)")
      return
    }
    #expect(line.text == text && line.isText == isText)
  }

  @Test("of nothing, or spaces, is not entered")
  func empty() {
    #expect(Self.actions("\r  \r\t\r", LineEditor()).isEmpty)
  }

  @Test("has no end at 4,095 characters, but at a limit, which is said")
  func long() {
    let long = String(repeating: "x", count: 5_000)
    #expect(Self.edited(long) == long + "|")
    let full = String(repeating: "x", count: EditedText.bytesMax)
    let actions = Self.actions(full + "y", LineEditor())
    #expect(actions.count == 1 && Self.edited(full + "yz") == "|")
  }

  @Test("can be one that was entered before, and comes back afterwards")
  func history() {
    let editor = LineEditor(history: ["first", "second"])
    #expect(Self.edited("half\u{1b}[A", editor) == "second|")
    #expect(Self.edited("half\u{1b}[A\u{1b}[A\u{1b}[A", editor) == "first|")
    #expect(Self.edited("half\u{1b}[A\u{1b}[A\u{1b}[B", editor) == "second|")
    #expect(Self.edited("half\u{1b}[A\u{1b}[B\u{1b}[B", editor) == "half|")
    #expect(Self.edited("third\r\u{1b}[A\u{1b}[A", editor) == "second|")
    // What was pasted is text again.
    #expect(Self.edited("\u{1b}[200~/x\u{1b}[201~\r\u{1b}[A") == "//x|")
  }

  @Test("is searched for in what was entered before")
  func search() {
    let editor = LineEditor(history: ["/to ann", "hello ann", "/to bob", "bye"])
    #expect(Self.edited("x\u{12}ann", editor) == "hello ann|")
    #expect(Self.edited("x\u{12}ann\u{12}", editor) == "/to ann|")
    #expect(Self.edited("x\u{12}ann\u{12}\u{12}", editor) == "/to ann|")
    #expect(Self.edited("x\u{12}ann\u{7}", editor) == "x|")
    #expect(Self.edited("x\u{12}nobody", editor) == "x|")
    #expect(Self.edited("x\u{12}bo\u{7f}\u{7f}by", editor) == "bye|")
    #expect(Self.edited("\u{12}bob\u{1}X", editor) == "X|/to bob")
    #expect(
      Self.actions("\u{12}bob\r", editor) == [.enter(EnteredLine(text: "/to bob", isNew: true))])
    var searching = editor
    _ = searching.take(.search)
    _ = searching.take(.text("bo"))
    #expect(searching.searchPrompt == "(search: bo) ")
  }

  @Test("remembers so many lines, and none twice in a row")
  func bounded() {
    var history = LineHistory((0..<1_500).map(String.init))
    #expect(history.entries.count == LineHistory.entriesMax && history.entries.last == "1499")
    #expect(history.add("1499") == false && history.add("new") == true)
    #expect(history.entries.count == LineHistory.entriesMax && history.entries.first == "501")
  }

  @Test(
    "says what a person wants who writes nothing",
    arguments: [
      ("\u{4}", [LineEditor.Action.endOfInput]), ("\u{3}", [.interrupt]), ("a\u{3}", []),
      ("\u{1a}", [.suspend]), ("\u{c}", [.redraw]), ("\u{1b}[5~", [.older]),
    ])
  func wishes(bytes: String, actions: [LineEditor.Action]) {
    #expect(Self.actions(bytes, LineEditor()) == actions)
  }

  static let completions: [(String, String)] = [
    ("/to\t", "/to |"), ("/rea\t", "/react |"), ("/unr\t", "/unrea|"), ("/to an\t", "/to ann|"),
    ("/to anne\t", "/to anne |"), ("/to @b\t", "/to @ben |"), ("/group f\t", "/group fun |"),
    ("/group #f\t", "/group #fun |"), ("/to #f\t", "/to #fun |"),
    ("/forward 1 #f\t", "/forward 1 #fun |"),
    ("/role ben a\t", "/role ben admin |"), ("/silence a\t", "/silence a|"),
    ("/silence al\t", "/silence all |"),
    ("hi @b\t", "hi @ben |"), ("hi #f\t", "hi #fun |"), ("hi b\t", "hi b|"),
    ("/online ben an\t", "/online ben ann|"),
    ("/help rep\t", "/help reply |"), ("/help /rep\t", "/help /reply |"),
    ("/title f\t", "/title f|"), ("/nope b\t", "/nope b|"), ("x /to\t", "x /to|"),
    ("/to b\u{1}\t", "|/to b"),
  ]

  @Test("is completed with commands, users and groups", arguments: completions)
  func completion(bytes: String, result: String) {
    var editor = LineEditor()
    editor.vocabulary = Vocabulary(
      commands: ChatForm.arguments, users: ["ann", "anne", "ben"], groups: ["fun", "team"])
    #expect(Self.edited(bytes, editor) == result)
  }

  @Test("shows what it could become where that is not certain")
  func candidates() {
    var editor = LineEditor()
    editor.vocabulary = Vocabulary(
      commands: ["/to": "WHERE"], users: ["ann", "anne"], groups: ["fun"])
    #expect(Self.actions("/to ann\t", editor) == [.candidates(["ann", "anne"])])
    #expect(Self.actions("/to \t", editor) == [.candidates(["#fun", "ann", "anne"])])
  }
}

extension EnteredLine {
  init(text: String, isNew: Bool) {
    self.init(text: text)
    self.isNew = isNew
  }
}

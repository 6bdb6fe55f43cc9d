import Doubles
import Foundation
import Testing

/// `daybook chat` at a real terminal, beside a real server.
@Suite("Chat at a terminal", .serialized)
struct ChatTerminalTests {
  @Test("six hundred lines that arrive change no byte of the line being edited")
  func arriving() async throws {
    let server = try await TestServer()
    try await server.start()
    let ann = try await server.terminal("ann")
    try await ann.type("/to ben\r")
    try await ann.waitForPrompt("ann → ben>")
    let words = Array("this is a half-typed sentence with é, 漢字 and 👨‍👩‍👧 in it")
    try await ann.type(String(words.prefix(20)))

    let token = try await server.token(user: "ben", device: "phone")
    let lines = (1...600).map { "line \($0)" }
    let ben = try Running(
      ["chat", "--server", server.address, "--token", token],
      input: "/to ann\n" + lines.joined(separator: "\n") + "\n")
    // A word is written while lines come, and put right with cursor keys.
    for (index, character) in words.dropFirst(20).enumerated() {
      try await ann.wait(for: "line \(index * 10)") {
        index == 0 || $0.lines.contains { $0.contains("ben: line \(index * 10)") }
      }
      try await ann.type(String(character))
    }
    try await ann.type("\u{1b}[H\u{1b}[1;5C\u{1b}[D!\u{1b}[F")
    try await ann.wait(for: "the last line") { $0.lines.contains { $0.hasSuffix("line 600") } }
    let written = "thi!s" + String(words.dropFirst(4))
    try await ann.waitForPrompt("ann → ben> \(written)")
    let shown = ann.emulator.lines.filter { $0.contains("ben: line ") }
    #expect(shown.map { $0.split(separator: ": ").last } == lines.map { Substring($0) })
    #expect(ann.emulator.unknown.isEmpty)

    try await ann.type("\r")
    try await ann.wait(for: "its status") {
      $0.lines.contains { $0.contains("you: \(written)  ✓") }
    }
    #expect(await ben.finished().status == 0)
    let history = try await server.objects(["history", "--user", "ben", "--with", "ann"])
    #expect(history.last?["text"] as? String == written)
    try await ann.type("/quit\r")
    #expect(try await ann.waitForEnd() == 0)
    #expect(
      ann.modes == (try PseudoTerminal(["true"]).modes) && !ann.emulator.modes.contains("2004"))
    #expect(ann.emulator.rows[ann.emulator.row].isEmpty && ann.emulator.column == 0)
  }

  @Test("an own message has one line, whose end says what became of it")
  func status() async throws {
    let server = try await TestServer()
    try await server.start()
    let ann = try await server.terminal("ann")
    try await ann.type("/to ben\r")
    try await ann.waitForPrompt("ann → ben>")
    try await ann.type("hello\rhow are you?\r")
    try await ann.wait(for: "stored") { $0.lines.count { $0.hasSuffix("✓ stored") } == 2 }
    _ = try await server.chat("ben", "/to ann", "fine")
    try await ann.wait(for: "read") { $0.lines.count { $0.hasSuffix("✓✓ read") } == 2 }
    #expect(ann.emulator.lines.count { $0.contains("you: hello") } == 1)
    #expect(ann.emulator.lines.count { $0.contains("you: how are you?") } == 1)
    try await ann.wait(for: "an answer") { $0.lines.contains { $0.contains("ben: fine") } }
  }

  @Test("a paste is one message, and a line of 5,000 characters is whole")
  func pasted() async throws {
    let server = try await TestServer()
    try await server.start()
    let ann = try await server.terminal("ann")
    try await ann.type("/to ben\r")
    try await ann.waitForPrompt("ann → ben>")
    let pasted = "/usr/bin/env python\n\nprint(1)\n/quit"
    try await ann.type("\u{1b}[200~\(pasted.replacing("\n", with: "\r"))\u{1b}[201~")
    try await ann.wait(for: "the paste") { $0.rows[$0.row] == "/quit" }
    try await ann.type("\r")
    let long = String(repeating: "0123456789", count: 500)
    try await ann.type("\(long)\rtwo\u{1b}\rlines\r")
    try await ann.wait(for: "stored") { $0.lines.contains { $0.contains("lines  ✓ stored") } }
    try await ann.type("/to ben\r")
    let history = try await server.objects(["history", "--user", "ben", "--with", "ann"])
    #expect(history.map { $0["text"] as? String } == [pasted, long, "two\nlines"])
    try await ann.type("\u{4}")
    #expect(try await ann.waitForEnd() == 0)
  }

  @Test("what was typed is there in the next run, and Tab knows whom one has met")
  func history() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await server.chat("benjamin", "/to ann", "hi")
    let first = try await server.terminal("ann")
    try await first.type("/to benj\t\r")
    try await first.waitForPrompt("ann → benjamin>")
    try await first.type("\u{4}")
    #expect(try await first.waitForEnd() == 0)
    let second = try await server.terminal("ann", device: "laptop")
    try await second.type("\u{1b}[A")
    try await second.waitForPrompt("ann> /to benjamin")
    try await second.type("\u{15}\u{12}benj")
    try await second.waitForPrompt("(search: benj) /to benjamin")
    try await second.type("\r")
    try await second.waitForPrompt("ann → benjamin>")
    let file = server.folder.appending(path: "state/daybook/chat-history").path
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test("a window of another size shows the line being edited as it was")
  func resized() async throws {
    let server = try await TestServer()
    try await server.start()
    let ann = try await server.terminal("ann")
    try await ann.type("half a sentence that is longer than a narrow window")
    try await ann.waitForPrompt("ann> half a sentence that is longer than a narrow window")
    ann.resize(width: 30, height: 10)
    try await ann.wait(for: "two rows") {
      let above = $0.row > 0 ? $0.rows[$0.row - 1] : ""
      return above == "ann> half a sentence that is"
        && $0.rows[$0.row] == "longer than a narrow window"
    }
    ann.resize(width: 100, height: 20)
    try await ann.waitForPrompt("ann> half a sentence that is longer than a narrow window")
  }

  @Test("after Ctrl-Z the shell has its terminal, and after fg the line is as it was")
  func stopped() async throws {
    let server = try await TestServer()
    try await server.start()
    let token = try await server.token(user: "ann", device: "phone")
    let shell = try PseudoTerminal(
      ["bash", "--norc", "--noprofile", "-i"],
      environment: [
        "PS1": "shell$ ", "XDG_STATE_HOME": server.folder.path, "TERM": "xterm",
        "CHAT": "\(Program.url.path) chat --server \(server.address) --token \(token)",
      ])
    try await shell.wait(for: "the shell") { $0.rows[$0.row].hasSuffix("shell$") }
    try await shell.type("$CHAT; echo ended with $?\r")
    try await shell.waitForPrompt("ann>")
    try await shell.type("/to ben\r")
    try await shell.waitForPrompt("ann → ben>")
    try await shell.type("half")
    try await shell.waitForPrompt("ann → ben> half")
    try await shell.type("\u{1a}")
    try await shell.wait(for: "the shell") { $0.rows[$0.row].hasSuffix("shell$") }
    #expect(
      !shell.emulator.modes.contains("2004")
        || shell.emulator.lines.contains { $0.contains("Stopped") })
    try await shell.type("echo $((40 + 2))\r")
    try await shell.wait(for: "an answer") { $0.lines.contains("42") }
    try await shell.type("fg\r")
    try await shell.waitForPrompt("ann → ben> half")
    try await shell.type(" and half\r")
    try await shell.wait(for: "stored") {
      $0.lines.contains { $0.contains("you: half and half  ✓ stored") }
    }
    try await shell.type("\u{4}")
    try await shell.wait(for: "the shell") { $0.rows[$0.row].hasSuffix("shell$") }
    // The shell's own editing may be what reads: what it runs finds the terminal as it was.
    try await shell.type(
      "stty -a | tr ' ' '\\n' | grep -xE 'icanon|echo|isig|icrnl' | sort | tr '\\n' ' '\r")
    try await shell.wait(for: "modes") {
      $0.lines.contains("echo icanon icrnl isig shell$")
        || $0.lines.contains("echo icanon icrnl isig")
    }
  }

  @Test("a signal ends it with the terminal as it was", arguments: [SIGTERM, SIGHUP, SIGINT])
  func signalled(number: Int32) async throws {
    let server = try await TestServer()
    try await server.start()
    let ann = try await server.terminal("ann", ["--title"])
    try await ann.type("half")
    try await ann.waitForPrompt("ann> half")
    #expect(ann.emulator.modes.contains("2004") && ann.emulator.title == "daybook: ann")
    ann.signal(number)
    #expect(try await ann.waitForEnd() == number)
    #expect(!ann.emulator.modes.contains("2004"))
    let new = try PseudoTerminal(["true"])
    #expect(ann.modes == new.modes && ann.emulator.rows[ann.emulator.row].isEmpty)
    _ = try await new.waitForEnd()
  }

  @Test("a lost connection is one line, its return another, and who leaves is told what waits")
  func lost() async throws {
    let server = try await TestServer()
    try await server.start()
    let ann = try await server.terminal("ann")
    try await ann.type("/to ben\r")
    try await ann.waitForPrompt("ann → ben>")
    await server.crash()
    try await ann.wait(for: "the loss") {
      $0.lines.contains { $0.hasPrefix("the connection is lost") }
    }
    try await ann.type("while away\r")
    try await server.start()
    try await ann.wait(for: "the message") {
      $0.lines.contains { $0.contains("you: while away  ✓ stored") }
    }
    for text in ["the connection is lost", "the connection is back"] {
      #expect(ann.emulator.lines.count { $0.hasPrefix(text) } == 1, "\(ann.emulator.lines)")
    }
    await server.crash()
    try await ann.wait(for: "the loss") {
      $0.lines.count { $0.hasPrefix("the connection is lost") } == 2
    }
    try await ann.type("never\r/quit\r")
    try await ann.wait(for: "what waits") {
      $0.lines.contains("waiting for 1 unsent message, Ctrl-C drops it")
    }
    try await ann.type("\u{3}")
    #expect(try await ann.waitForEnd() == 0)
  }
}

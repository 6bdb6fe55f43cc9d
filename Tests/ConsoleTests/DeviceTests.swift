import Foundation
import Testing

@testable import Console

@Suite("What was typed, in a file")
struct HistoryFileTests {
  private func folder() -> String {
    FileManager.default.temporaryDirectory.appending(path: "daybook-history-\(UUID())").path
  }

  @Test("comes back in a later run, line ends and backslashes too, and is nobody else's to read")
  func kept() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = HistoryFile(path: folder + "/a/daybook/chat-history")
    #expect(file.load() == [])
    let entries = ["/to ann", "a\nb\\n", "é漢👍", "\\"]
    for entry in entries { file.append(entry) }
    #expect(HistoryFile(path: file.path).load() == entries)
    let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test("is cut to its newest lines before it grows too long")
  func bounded() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let file = HistoryFile(path: folder + "/chat-history")
    let lines = (1...2 * LineHistory.entriesMax + 1).map { "line \($0)" }
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: file.path, atomically: false, encoding: .utf8)
    #expect(file.load() == Array(lines.suffix(LineHistory.entriesMax)))
    let text = try String(contentsOfFile: file.path, encoding: .utf8)
    #expect(text.split(separator: "\n").count == LineHistory.entriesMax)
  }

  @Test(
    "lies where programs keep such things",
    arguments: [
      (["XDG_STATE_HOME": "/s", "HOME": "/h"], "/s/daybook/chat-history"),
      (["HOME": "/h"], "/h/.local/state/daybook/chat-history"),
      (["XDG_STATE_HOME": "s", "HOME": "/h"], "/h/.local/state/daybook/chat-history"), ([:], nil),
    ] as [([String: String], String?)])
  func place(environment: [String: String], path: String?) {
    #expect(ScreenOptions.usualHistoryPath { environment[$0] } == path)
  }
}

@Suite("Lines from a pipe")
struct InputLinesTests {
  @Test("are whole, in whatever pieces they come")
  func pieces() {
    let text = "one\r\n\ntwo é漢\n\u{1b}[A\nlast"
    let expected: [InputLines.Line] = [.line("one"), .line(""), .line("two é漢"), .line("\u{1b}[A")]
    for size in [1, 2, 3, 100] {
      var lines = InputLines()
      var found: [InputLines.Line] = []
      let bytes = Array(text.utf8)
      for start in stride(from: 0, to: bytes.count, by: size) {
        found += lines.take(bytes[start..<min(bytes.count, start + size)])
      }
      #expect(found == expected && lines.end() == [.line("last")] && lines.end() == [])
    }
  }

  @Test("that are too long are said to be, and the next one is read as ever")
  func long() {
    var lines = InputLines()
    let most = String(repeating: "x", count: InputLines.bytesMax)
    #expect(
      lines.take((most + "\n" + most + "x\nshort\n").utf8) == [
        .line(most), .tooLong, .line("short"),
      ])
  }
}

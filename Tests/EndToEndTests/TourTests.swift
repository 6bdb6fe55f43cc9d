import Doubles
import Foundation
import Testing

/// The README's tour, taken as it stands there.
@Suite("Tour")
struct TourTests {
  private let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Between what two blocks print.
  private static let mark = "\u{1e}"

  private func blocks(_ kind: String) throws -> [TourBlock] {
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let blocks = TourBlock.blocks(kind, in: readme)
    try #require(!blocks.isEmpty, "README.md has no block 'sh \(kind)'")
    return blocks
  }

  private func commands(of blocks: [TourBlock], port: String = "7000") -> String {
    blocks.map { "\($0.commands)echo \(TourTests.mark)\n" }.joined()
      .replacing("127.0.0.1:7000", with: "127.0.0.1:\(port)")
  }

  /// Takes the blocks of a kind as one script, and compares what each prints with what is shown behind
  /// it. Returns all that was printed.
  private func take(_ kind: String, port: String = "7000", in folder: URL) async throws -> String {
    let blocks = try blocks(kind)
    let output = try await run(commands(of: blocks, port: port), in: folder)
    let printed = output.components(separatedBy: "\(TourTests.mark)\n")
    #expect(printed.count == blocks.count + 1)
    for (block, text) in zip(blocks, printed) {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      let shown = block.shown ?? []
      #expect(
        TourOutput.matches(lines.map(String.init), shown),
        """
        README.md shows something else than is printed.
        \(block.commands)
        prints
        \(text)
        """)
    }
    return output
  }

  /// Runs commands as a user would type them; the first that fails ends them.
  private func shell(_ commands: String, in folder: URL) throws -> (ChildProcess, output: URL) {
    let output = folder.appending(path: "output-\(UUID().uuidString)")
    try Data().write(to: output)
    var environment = ProcessInfo.processInfo.environment
    let path = environment["PATH"] ?? "/usr/bin:/bin"
    environment["PATH"] = "\(Program.url.deletingLastPathComponent().path):\(path)"
    let shell = try ChildProcess(
      "/usr/bin/env", ["bash", "-euo", "pipefail", "-c", commands], environment: environment,
      folder: folder.path, output: output.path, errors: output.path)
    return (shell, output)
  }

  private func text(_ file: URL) -> String {
    (try? String(contentsOf: file, encoding: .utf8)) ?? ""
  }

  private func run(_ commands: String, in folder: URL) async throws -> String {
    let (shell, output) = try shell(commands, in: folder)
    while shell.isRunning { try await Task.sleep(for: .milliseconds(10)) }
    try #require(shell.status == 0, "\(text(output))")
    return text(output)
  }

  /// Starts the server in the shell's own place, so that it gets the shell's signals.
  private func startServer(in folder: URL) async throws -> (ChildProcess, port: String) {
    let commands = try blocks("tour-server").map(\.commands).joined()
      .replacing("127.0.0.1:7000", with: "127.0.0.1:0")
      .replacing("daybook serve", with: "exec daybook serve")
    let (server, output) = try shell(commands, in: folder)
    while !text(output).contains("listening on ") {
      try #require(server.isRunning, "\(text(output))")
      try await Task.sleep(for: .milliseconds(10))
    }
    let line = try #require(
      text(output).split(separator: "\n").last { $0.contains("listening on ") })
    return (server, String(try #require(line.split(separator: ":").last)))
  }

  @Test("every command of the README's tour does what the README says")
  func tour() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "daybook-tour-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "Tests"), withDestinationURL: root.appending(path: "Tests"))

    let (server, port) = try await startServer(in: folder)
    let told = try await take("tour", port: port, in: folder)
    server.signal(SIGTERM)
    while server.isRunning { try await Task.sleep(for: .milliseconds(10)) }
    #expect(server.status == 0)
    let rebuilt = try await take("tour-stopped", in: folder)
    for name in ["history", "unread", "offline"] {
      let before = hash(of: name, in: told)
      #expect(before != nil && hash(of: name, in: rebuilt) == before, "\(name)")
    }
    _ = try await take("tour-copy", in: folder)
  }

  /// The last that a table states for the projection.
  private func hash(of name: String, in output: String) -> Substring? {
    output.split(separator: "\n").last { $0.hasPrefix("\(name) ") }?
      .split(separator: " ").dropFirst(3).first
  }

  @Test("only blocks of the asked kind are taken, each with what is shown right behind it")
  func extraction() {
    let readme = """
      a
      ```sh tour
      one
      two
      ```

      ```text
      1
      ```
      ```sh other
      three
      ```
      text between
      ```text
      2
      ```
      ```sh tour
      four
      ```
      """
    #expect(
      TourBlock.blocks("tour", in: readme) == [
        TourBlock(commands: "one\ntwo\n", shown: ["1"]),
        TourBlock(commands: "four\n", shown: nil),
      ])
    #expect(
      TourBlock.blocks("other", in: readme) == [TourBlock(commands: "three\n", shown: nil)])
    #expect(TourBlock.blocks("none", in: readme).isEmpty)
  }

  @Test(
    "what is another one each time may differ, and nothing else",
    arguments: [
      ("[1] 16:04 ann: hi", "[1] 09:59 ann: hi", true),
      ("[1] 16:04 ann: hi", "[2] 16:04 ann: hi", false),
      ("at 2026-11-29T10:00:00.123Z", "at 2020-01-01T00:00:00.000Z", true),
      ("id 914547359860391940", "id 114547359860391941", true),
      ("id 914547359860391940", "id 7", false),
      ("a  b", "a b", true), ("a\nb\nc", "a\n…\nc", true), ("a\nc", "a\n…\nc", true),
      ("a\nb\nd", "a\n…\nc", false), ("one two three", "one … three", true),
      ("one two", "one … three", false), ("a", "a\nb", false), ("a\nb", "a", false),
      ("5 of 9 lines (55 %), 7 lines/s, 1 s left\na", "a", true),
    ])
  func matching(printed: String, shown: String, isSame: Bool) {
    let (printed, shown) = (printed.split(separator: "\n"), shown.split(separator: "\n"))
    #expect(TourOutput.matches(printed.map(String.init), shown.map(String.init)) == isSame)
  }
}

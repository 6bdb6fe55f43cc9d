import Doubles
import Foundation
import Testing

/// The README's tour, taken as it stands there.
@Suite("Tour")
struct TourTests {
  /// Commands of the README's fenced blocks of this kind.
  static func commands(_ kind: String, in readme: String) -> String {
    var commands = ""
    var isInside = false
    for line in readme.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isInside = line == "```sh \(kind)"
      } else if isInside {
        commands += line + "\n"
      }
    }
    return commands
  }

  private let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func tour(_ kind: String, port: String = "7000") throws -> String {
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let commands = Self.commands(kind, in: readme)
    try #require(!commands.isEmpty, "README.md has no block 'sh \(kind)'")
    return commands.replacing("127.0.0.1:7000", with: "127.0.0.1:\(port)")
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
    let commands = try tour("tour-server", port: "0")
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
    let told = try await run(try tour("tour", port: port), in: folder)
    server.signal(SIGTERM)
    while server.isRunning { try await Task.sleep(for: .milliseconds(10)) }
    #expect(server.status == 0)

    #expect(told.contains("hello bob") && told.contains("are you there?"))
    // What a person is refused is said on the screen, and ends no script.
    #expect(!told.contains("another's") && !told.contains("✗"))
    #expect(told.contains("I do, @alice, on Friday (edited)"), "\(told)")
    #expect(told.contains("reacted 🎂 to [1]"))
    let rebuilt = try await run(try tour("tour-stopped"), in: folder)
    #expect(rebuilt.contains(#"{"conversation":"user/alice","unread":2,"#), "\(rebuilt)")
    for name in ["history", "unread", "offline"] {
      let before = hash(of: name, in: told)
      #expect(before != nil && hash(of: name, in: rebuilt) == before, "\(name)")
    }
    try await expectCopy(in: folder, saysAs: told)
  }

  /// What a copy of the stopped folder is made of is enough to say the same.
  private func expectCopy(in folder: URL, saysAs told: String) async throws {
    let copied = try await run(try tour("tour-copy"), in: folder)
    let lines = copied.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("ok: ") }, "\(copied)")
    let history = lines.filter { $0.contains("who brings the cake?") || $0.contains("on Friday") }
    #expect(history.count == 2 && history.allSatisfy { told.contains($0) }, "\(copied)")
  }

  /// The last that a table states for the projection.
  private func hash(of name: String, in output: String) -> Substring? {
    output.split(separator: "\n").last { $0.hasPrefix("\(name) ") }?
      .split(separator: " ").dropFirst(3).first
  }

  @Test("only blocks of the asked kind are taken, whole")
  func extraction() {
    let readme = "a\n```sh tour\none\ntwo\n```\nb\n```sh other\nthree\n```\n```sh tour\nfour\n```\n"
    #expect(Self.commands("tour", in: readme) == "one\ntwo\nfour\n")
    #expect(Self.commands("other", in: readme) == "three\n")
    #expect(Self.commands("none", in: readme).isEmpty)
  }
}

import Foundation
import Testing

/// `schemas/cli.md`, against the program.
@Suite("the page on the command line", .timeLimit(.minutes(30)))
struct CommandPageTests {
  private func page() throws -> String {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../schemas/cli.md")
    return try String(contentsOf: path, encoding: .utf8)
  }

  /// What stands between the fences of this name.
  private func block(_ name: String) throws -> [String] {
    let parts = try page().components(separatedBy: "```\(name)\n")
    try #require(parts.count == 2)
    return parts[1].components(separatedBy: "\n```")[0].split(separator: "\n").map(String.init)
  }

  @Test("each exit code that it lists comes, and no other")
  func exitCodes() async throws {
    let rows = try page().components(separatedBy: "\n## ").first { $0.hasPrefix("Exit codes") }
    let listed = try #require(rows).split(separator: "\n").compactMap { line -> Int32? in
      let cells = line.split(separator: "|")
      return line.hasPrefix("|") ? Int32(cells[0].trimmingCharacters(in: .whitespaces)) : nil
    }
    let server = try await TestServer(partitions: 1)
    var seen: [Int32] = []
    for arguments in [
      ["log", "verify", "--data", server.data], ["unread", "--data", server.data, "--user", "x"],
      ["unread", "--data", server.data],
    ] {
      seen.append(try await Program.run(arguments).status)
    }
    // Those of `mirror verify` come in its tests, which have a broker.
    #expect(seen == listed.filter { ![2, 3].contains($0) } && listed.contains(2))
    try await server.start()
    #expect(await server.stop()?.status == 0)
    try FileManager.default.removeItem(atPath: "\(server.data)/log/0")
    #expect(try await Program.run(["log", "verify", "--data", server.data]).status == 1)
  }

  @Test("an error with --json is the object that it shows")
  func errors() async throws {
    let shown = try #require(try block("json error").first)
    let wanted = try #require(
      try JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [String: Any])
    let server = try await TestServer(partitions: 1)
    let failed = try await Program.run(["unread", "--data", server.data, "--user", "x", "--json"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(failed.errors.utf8)) as? [String: Any])
    #expect(Set(object.keys) == Set(wanted.keys))
    #expect(object["error"] as? String == "unknown_user" && object["code"] as? Int == 407)
    #expect(failed.status == 1 && failed.text.isEmpty)
    let wrong = try await Program.run(["unread", "--json", "--data", server.data])
    let usage = try #require(
      try JSONSerialization.jsonObject(with: Data(wrong.errors.utf8)) as? [String: Any])
    #expect(usage["error"] as? String == "invalid_argument" && wrong.status == 64)
  }

  @Test("each line that installs completion makes a script, and bash understands its own")
  func completion() async throws {
    let lines = try block("sh completion")
    #expect(lines.count == 3)
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      let output = try await Program.succeed(Array(words[1...2]))
      #expect(output.text.contains("daybook") && output.lines.count > 50)
      guard words[2] == "bash", FileManager.default.fileExists(atPath: "/bin/bash") else {
        continue
      }
      let check = try Running([], input: output.text, shell: "exec /bin/bash -n")
      let verdict = await check.finished()
      #expect(verdict.status == 0 && verdict.errors.isEmpty, "\(verdict.errors)")
    }
  }
}

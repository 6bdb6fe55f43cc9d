import Foundation
import Testing

@Suite("import of IRC logs", .timeLimit(.minutes(30)))
struct ImportTests {
  @Test("every line is there, in order and unchanged; a second import adds nothing")
  func whole() async throws {
    let server = try await TestServer()
    try await server.start()
    let files = try Fixtures.ircFiles()
    let token = try await server.token(service: "importer")
    let arguments =
      ["import", "irc", "--server", server.address, "--token", token, "--json"] + files.map(\.path)
    let first = try #require(try await Program.succeed(arguments).objects().last)
    let expected = try files.flatMap { try IRCLines.messages(in: $0) }
    #expect(first["messages"] as? Int == expected.count)
    #expect(first["rejected"] as? Int == 0)

    let actions = try #require(first["actions"] as? Int)
    #expect(actions > 0)
    let skipped = try #require(first["skipped"] as? [String: Int])
    #expect(skipped["mode"] ?? 0 > 0 && skipped["unknown"] == nil, "\(skipped)")

    /// What was said, without what was done.
    func history() async throws -> [IRCLines.Line] {
      let output = try await Program.succeed(
        ["history", "--data", server.data, "--group", "ubuntu", "--limit", "1000000", "--json"])
      let all = try output.objects()
      #expect(all.count(where: IRCLines.isAction) == actions)
      return all.filter { !IRCLines.isAction($0) }.map {
        IRCLines.Line(
          nick: $0["from"] as? String ?? "", text: $0["text"] as? String ?? "",
          time: $0["client_time"] as? String ?? "")
      }
    }
    #expect(try await history() == expected)

    func events() async throws -> Int? {
      let output = try await Program.succeed(["log", "verify", "--data", server.data, "--json"])
      return try output.objects().last?["events"] as? Int
    }
    let before = try await events()
    // One file alone, then all of them in another order.
    for again in [[files[1]], files.reversed()] {
      let output = try await Program.succeed(
        ["import", "irc", "--server", server.address, "--token", token, "--json"]
          + again.map(\.path))
      let second = try #require(try output.objects().last)
      for count in ["messages", "actions", "joins", "leaves", "renames", "rejected"] {
        #expect(second[count] as? Int == 0, "\(count)")
      }
    }
    #expect(try await events() == before)
    #expect(try await history() == expected)
    await server.stop()
  }

  @Test("a line that can't be taken is counted, and a script notices; the others are there")
  func rejected() async throws {
    let server = try await TestServer()
    try await server.start()
    let file = server.folder.appendingPathComponent("2004-11-15.txt")
    try "[10:00] <alice> hello\n[10:01] <a/b> no id\n[10:02] <bob> hi\n".write(
      to: file, atomically: true, encoding: .utf8)
    let token = try await server.token(service: "importer")
    let output = try await Program.run(
      ["import", "irc", "--server", server.address, "--token", token, "--json", file.path])
    #expect(output.status == 1)
    let counts = try #require(try output.objects().last)
    #expect(counts["messages"] as? Int == 2 && counts["rejected"] as? Int == 1)
    await server.stop()
  }

  @Test("a file that nothing is understood of fails, and says what its lines are")
  func notUnderstood() async throws {
    let server = try await TestServer()
    try await server.start()
    let file = server.folder.appendingPathComponent("2004-11-15.txt")
    try "alice says hello\nbob says hi\n".write(to: file, atomically: true, encoding: .utf8)
    let token = try await server.token(service: "importer")
    let output = try await Program.run(
      ["import", "irc", "--server", server.address, "--token", token, file.path])
    #expect(output.status == 1)
    #expect(output.errors.contains("of its 2 lines none says anything (2 unknown)"))
    await server.stop()
  }

  @Test("where no server answers it says that it waits, and then that none is there")
  func unreachable() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("2004-11-15.\(UUID())")
    try "[10:00] <alice> hello\n".write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let output = try await Program.run(
      ["import", "irc", "--server", "127.0.0.1:1", "--token", "t", file.path])
    #expect(output.status == 1)
    #expect(output.errors.contains("waiting for the server"), "\(output.errors)")
    #expect(output.errors.contains("unreachable"), "\(output.errors)")
  }

  @Test("arguments that are no UTF-8 make nobody", arguments: ["token", "import"])
  func arguments(command: String) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
    let script =
      command == "token"
      ? "\"$0\" token --data \"$1\" --user $'bad\\xff' --device d"
      : "\"$0\" import irc --server 127.0.0.1:1 --token t --group $'bad\\xff' x.txt"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", script, Program.url.path, folder.path]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 64)
    #expect(said.contains("is no UTF-8"), "\(said)")
  }
}

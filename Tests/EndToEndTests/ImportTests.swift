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

    func history() async throws -> [IRCLines.Line] {
      let output = try await Program.succeed(
        ["history", "--data", server.data, "--group", "ubuntu", "--limit", "1000000", "--json"])
      return try output.objects().map {
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
      for count in ["messages", "joins", "leaves", "renames", "rejected"] {
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
}

import Foundation
import Testing

/// `daybook history` as people read it.
@Suite("history", .timeLimit(.minutes(30)))
struct HistoryTests {
  @Test("an answer shows whom it answers and how that begins, also from before the page")
  func replies() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat(
      "alice", "/create team", "/history-shown on",
      "who brings the cake to the party on Friday evening?")
    _ = try await server.chat("bob", "/join team", "/reply 1 I do")
    _ = try await server.chat("alice", "/group team", "never mind")
    _ = try await server.chat("bob", "/group team", "/reply 3 why?")
    _ = try await server.chat("alice", "/group team", "/recall 3")
    let service = try await server.token(service: "operator")
    for place in [["--data", server.data], ["--server", server.address, "--token", service]] {
      func lines(_ more: String...) async throws -> [String] {
        let output = try await Program.succeed(["history", "--group", "team"] + place + more)
        return output.lines.map { String($0.dropFirst(22)).trimmingCharacters(in: .whitespaces) }
      }
      let all = [
        "alice  who brings the cake to the party on Friday evening?",
        "bob  [in reply to alice: who brings the cake to the pa…] I do",
        "alice  [recalled by alice]", "bob  [in reply to a recalled message of alice] why?",
      ]
      #expect(try await lines() == all)
      #expect(try await lines("--limit", "3") == Array(all.dropFirst()))
      #expect(try await lines("--limit", "1") == Array(all.suffix(1)))
      let objects = try await Program.succeed(
        ["history", "--group", "team", "--json"] + place
      ).objects()
      #expect(objects[1]["reply_to"] as? String == objects[0]["message_id"] as? String)
      // Where ids are shown, the answered one's is.
      let ids = try await Program.succeed(["history", "--group", "team", "--ids"] + place)
      let id = try #require(objects[0]["message_id"] as? String)
      #expect(ids.text.contains("[in reply to \(id), alice: who"))
    }
    await server.stop()
  }

  @Test("what a reader may not see is not quoted")
  func unseen() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat("alice", "/create team", "a secret")
    _ = try await server.chat("bob", "/join team")
    _ = try await server.chat("alice", "/group team", "/reply 1 no longer")
    let bob = try await server.token(user: "bob", device: "laptop")
    let shown = try await Program.succeed(
      ["history", "--group", "team", "--server", server.address, "--token", bob])
    #expect(shown.text.contains("[in reply to a message that isn't there] no longer"))
    await server.stop()
  }
}

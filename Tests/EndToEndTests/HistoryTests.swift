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

  /// What a `history --follow --json` has printed so far.
  private func texts(_ following: Running) -> [String] {
    following.text().split(separator: "\n").compactMap { line in
      let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return object?["text"] as? String
    }
  }

  private func wait(_ following: Running, for count: Int) async throws {
    while texts(following).count < count {
      try #require(following.isRunning, "\(following.text("err"))")
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test("what comes is printed, each once and in its order, of a folder and of a server")
  func follow() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "one", "two", "three")
    let bob = try await server.token(user: "bob", device: "watch")
    let history = ["history", "--with", "alice", "--follow", "--json", "--limit", "2"]
    let followers = [
      try Running(history + ["--data", server.data, "--user", "bob"]),
      try Running(history + ["--server", server.address, "--token", bob]),
    ]
    for follower in followers { try await wait(follower, for: 2) }
    _ = try await server.chat(
      "alice", "/to bob", "four", "/to carol", "not this", "/to bob", "five")
    _ = try await server.chat("bob", "/to alice", "six", "/reply 1 seven")
    for follower in followers {
      try await wait(follower, for: 6)
      #expect(texts(follower) == ["two", "three", "four", "five", "six", "seven"])
      follower.signal(SIGTERM)
    }
    let service = try await server.token(service: "operator")
    let refused = try await Program.run(
      history + ["--user", "bob", "--server", server.address, "--token", service])
    #expect(refused.status == 64 && refused.errors.contains("a service is sent nothing to follow"))
    await server.stop()
  }

  @Test("a folder is followed before its server is there, and keeps none from starting")
  func followStopped() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat("alice", "/create team", "before")
    await server.stop()
    let following = try Running(
      ["history", "--data", server.data, "--group", "team", "--follow", "--json"])
    try await wait(following, for: 1)
    try await server.start()
    _ = try await server.chat("alice", "/group team", "after")
    try await wait(following, for: 2)
    #expect(texts(following) == ["before", "after"])
    following.signal(SIGTERM)
    await server.stop()
  }
}

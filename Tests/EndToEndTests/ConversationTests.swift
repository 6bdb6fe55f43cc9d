import Foundation
import Testing

@Suite("Conversation", .serialized)
struct ConversationTests {
  private func ids(_ history: [[String: Any]]) throws -> [String] {
    try history.map { try #require($0["message_id"] as? String) }
  }

  @Test("a group with roles, edits, reactions, replies and recalls, across a crash")
  func group() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await server.chat(
      "alice", "/create team", "one", "two", "/title The Team", "/invite bob",
      "/policy invitation", "/history-shown on")
    let refused = try await server.chat("carol", status: 3, "/join team")
    #expect(refused.contains("only if"), "\(refused)")
    _ = try await server.chat(
      "bob", "/join team", "/history", "/reply 1 three @alice", "/react 2 👍", "/edit 3 drei @alice")
    await server.crash()
    try await server.start()
    let unread = try await server.objects(["unread", "--user", "alice"])
    #expect(unread.count == 1 && unread[0]["unread"] as? Int == 1)
    #expect(unread[0]["mentions"] as? Int == 1)
    _ = try await server.chat("alice", "/group team", "/recall 2")

    let history = try await server.objects(["history", "--group", "team"])
    try #require(history.count == 3)
    let ids = try ids(history)
    #expect(history[0]["text"] as? String == "one")
    #expect(history[1]["text"] is NSNull && history[1]["recalled_by"] as? String == "alice")
    #expect(history[2]["text"] as? String == "drei @alice" && history[2]["edits"] as? Int == 1)
    #expect(history[2]["reply_to"] as? String == ids[0])
    #expect(history[1]["reactions"] == nil)

    let shown = try await server.objects(["group", "show", "team"])
    #expect(shown[0]["title"] as? String == "The Team" && shown[0]["owner"] as? String == "alice")
    #expect(shown[0]["join_policy"] as? String == "invitation")
    #expect(shown.dropFirst().map { $0["user"] as? String } == ["alice", "bob"])
    #expect(shown[2]["role"] as? String == "member")
    try await expectRebuildEqualsLive(server)
  }

  @Test("who has read a message, of a group and of a direct one")
  func receipts() async throws {
    let server = try await TestServer(["--receipts-members-max", "2"])
    try await server.start()
    _ = try await server.chat("alice", "/create team", "for bob")
    _ = try await server.chat("bob", "/to alice", "hi")
    // To open a conversation is to read what is there.
    _ = try await server.chat("alice", "/to bob")
    let direct = try await server.objects(["history", "--user", "bob", "--with", "alice"])
    let told = try await server.objects([
      "receipts", "--user", "bob", "--with", "alice", "--message", try ids(direct)[0],
    ])
    #expect(told.count == 2 && told[0]["member"] as? String == "alice")
    let times = try ["delivered_at", "read_at"].map { try #require(told[0][$0] as? String) }
    #expect(times[0] <= times[1])
    #expect(told[1]["read"] as? Int == 1 && told[1]["unread"] as? Int == 0)

    _ = try await server.chat("bob", "/join team")
    _ = try await server.chat("alice", "/group team", "for bob, who is here")
    let messages = try await server.objects(["history", "--group", "team"])
    let last = try #require(try ids(messages).last)
    let before = try await server.objects(["receipts", "--group", "team", "--message", last])
    #expect(before.map { $0["member"] as? String } == ["bob", nil])
    #expect(before[0]["read_at"] is NSNull && before[1]["unread"] as? Int == 1)
    _ = try await server.chat("bob", "/group team")
    let after = try await server.objects(["receipts", "--group", "team", "--message", last])
    #expect(after[0]["read_at"] is String && after[1]["read"] as? Int == 1)

    _ = try await server.chat("carol", "/join team")
    // What was said to so few keeps its receipts; what is said to more has none.
    let kept = try await server.objects(["receipts", "--group", "team", "--message", last])
    #expect(kept[0]["read_at"] is String && kept[1]["read"] as? Int == 1)
    _ = try await server.chat("alice", "/group team", "for all three")
    let newest = try #require(
      try ids(try await server.objects(["history", "--group", "team"])).last)
    let off = try await Program.run([
      "receipts", "--data", server.data, "--group", "team", "--message", newest,
    ])
    #expect(off.status == 1 && off.errors.contains("receipts_off"), "\(off.errors)")
    let unknown = try await Program.run([
      "receipts", "--data", server.data, "--group", "team", "--message", "1",
    ])
    #expect(unknown.status == 1 && unknown.errors.contains("message_not_found"))
  }

  @Test(
    "a blocked user is told so, or seems to be heard where the server hides it",
    arguments: [false, true])
  func blocks(isHidden: Bool) async throws {
    let server = try await TestServer()
    try await server.start(isHidden ? ["--hide-blocks"] : [])
    _ = try await server.chat("bob", "/block alice")
    let said = try await server.chat("alice", status: isHidden ? 0 : 2, "/to bob", "hello?")
    #expect(said.contains("✓ stored") == isHidden && said.contains("not sent") == !isHidden)
    let unread = try await server.objects(["unread", "--user", "bob"])
    #expect(unread.isEmpty)
    let own = try await server.objects(["history", "--user", "alice", "--with", "bob"])
    #expect(own.count == (isHidden ? 1 : 0))
    #expect(try await server.objects(["history", "--user", "bob", "--with", "alice"]).isEmpty)
    let shown = try await server.objects(["user", "show", "bob"])
    #expect(shown[0]["blocked"] as? [String] == ["alice"])

    _ = try await server.chat("bob", "/unblock alice")
    _ = try await server.chat("alice", "/to bob", "and now?")
    let heard = try await server.chat("bob", "/to alice")
    #expect(heard.contains("and now?") && !heard.contains("hello?"))
  }

  @Test("the server sets for how long authors may recall")
  func recallLimit() async throws {
    let server = try await TestServer()
    try await server.start(["--recall-limit", "0"])
    _ = try await server.chat("alice", "/create team", "the owner's")
    let told = try await server.chat("bob", status: 3, "/join team", "said is said", "/recall 1")
    let history = try await server.objects(["history", "--group", "team"])
    #expect(history.last?["text"] as? String == "said is said", "\(told)")
    _ = try await server.chat("alice", "/group team", "/recall 2")
    let after = try await server.objects(["history", "--group", "team"])
    #expect(after.last?["recalled_by"] as? String == "alice")
  }

  @Test("what was sent to who is online, or has been cleared, is kept nowhere, or shown no more")
  func goneMessages() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "/now only now", "stays")
    let history = try await server.objects(["history", "--user", "bob", "--with", "alice"])
    #expect(history.map { $0["text"] as? String } == ["stays"])
    _ = try await server.chat("bob", "/to alice", "/clear")
    let seen = try await server.chat("bob", device: "laptop", "/to alice", "/history")
    #expect(seen.contains("nothing was said here yet"), "\(seen)")
    #expect(try await server.objects(["unread", "--user", "bob"]).isEmpty)
    #expect(try await server.objects(["history", "--user", "alice", "--with", "bob"]).count == 1)
  }

  @Test("a dissolved group ends for everybody, and devices that were away get its end")
  func dissolved() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await server.chat("alice", "/create team", "hello")
    _ = try await server.chat("bob", "/join team")
    _ = try await server.chat("alice", "/group team", "the last word", "/dissolve")
    let away = try await server.chat("bob", "/unread")
    #expect(away.contains("the last word") && away.contains("ended #team for good"), "\(away)")
    #expect(try await server.objects(["unread", "--user", "bob"]).isEmpty)
    let refused = try await server.chat("bob", status: 3, "/join team")
    #expect(refused.contains("ended for good"), "\(refused)")
    let shown = try await server.objects(["group", "show", "team"])
    #expect(shown[0]["dissolved_at"] is String && shown[0]["members"] as? Int == 0)
    try await expectRebuildEqualsLive(server)
  }

  @Test("a data folder of the version before is read, and raised by the server")
  func version() async throws {
    let server = try await TestServer()
    let description = URL(fileURLWithPath: server.data).appending(path: "daybook.json")
    try "{\"format_version\": 1}\n".write(to: description, atomically: true, encoding: .utf8)
    try await Program.succeed(["log", "info", "--data", server.data])
    #expect(try String(contentsOf: description, encoding: .utf8).contains("\"format_version\": 1"))
    try await server.start()
    #expect(try String(contentsOf: description, encoding: .utf8).contains("\"format_version\": 5"))
    await server.stop()
    try await Program.succeed(["log", "info", "--data", server.data])
  }

  /// Stops the server.
  private func expectRebuildEqualsLive(_ server: TestServer) async throws {
    await server.stop()
    func hashes() async throws -> [String] {
      try await server.objects(["projection", "list"]).map { "\($0["name"]!) \($0["state_hash"]!)" }
    }
    let live = try await hashes()
    #expect(live.count == 5)
    try await Program.succeed(["projection", "rebuild", "--data", server.data])
    #expect(try await hashes() == live)
    try await Program.succeed(["projection", "verify", "--data", server.data])
  }
}

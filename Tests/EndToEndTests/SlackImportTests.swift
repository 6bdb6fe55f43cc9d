import DaybookSDK
import Foundation
import Testing

@Suite("import of a Slack export", .timeLimit(.minutes(30)))
struct SlackImportTests {
  private static let export = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/slack")

  /// The counts at the end of an import.
  private func run(
    _ server: TestServer, _ export: URL = SlackImportTests.export, _ more: String...
  ) async throws -> [String: Any] {
    let arguments = [
      "import", "slack", "--server", server.address, "--token",
      try await server.token(service: "importer"), "--json", export.path,
    ]
    return try #require(try await Program.succeed(arguments + more).objects().last)
  }

  /// A message as `history` shows it, in a line; what it answers by its text.
  private func history(_ server: TestServer, _ conversation: String...) async throws -> [String] {
    let output = try await Program.succeed(
      ["history", "--data", server.data, "--limit", "1000", "--json"] + conversation)
    let objects = try output.objects()
    var texts: [String: String] = [:]
    return objects.map { object in
      let text = (object["text"] as? String) ?? "recalled by \(object["recalled_by"] ?? "nobody")"
      texts[object["message_id"] as? String ?? ""] = text
      var line = "\(object["from"] ?? "nobody"): \(text)"
      if let parent = object["reply_to"] as? String {
        line += " / answers: \(texts[parent] ?? "what isn't there")"
      }
      if let edits = object["edits"] as? Int { line += " / edited \(edits)" }
      let reactions = (object["reactions"] as? [[String: Any]] ?? []).map {
        "\($0["reaction"] ?? "") \($0["count"] ?? "")"
      }
      if !reactions.isEmpty { line += " / \(reactions.sorted().joined(separator: " "))" }
      return line
    }
  }

  private func events(_ server: TestServer) async throws -> Int {
    let output = try await Program.succeed(["log", "verify", "--data", server.data, "--json"])
    return try #require(try output.objects().last?["events"] as? Int)
  }

  /// Events of the whole export, with all that the relay makes of it.
  private static let wholeEvents = 82

  /// Until the relay has carried out what follows from an import: so many events there are then.
  private func settle(_ server: TestServer, _ expected: Int) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while true {
      let found = try await events(server)
      if found == expected { return }
      try #require(found < expected && ContinuousClock.now < end, "\(found), not \(expected)")
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  private static let general = [
    "anna: Hello @everyone, welcome @ben & all the others / :tada: 2 :wave: 1",
    "ben: Thanks, @anna! See #garden and the map (https://garden.example.com/map)"
      + " / answers: Hello @everyone, welcome @ben & all the others",
    "cleo: _waves_", "bot-b01: Build 7 (https://ci.example.com/7) passed: 3 < 5",
    "ben: Lunch at half past twelve?", "anna: Meeting at four / edited 1",
    "anna-u04: recalled by anna",
    "cleo: And from me too / answers: Hello @everyone, welcome @ben & all the others",
    "ben: The plan\n[file: plan.pdf, https://files.example.com/F01/plan.pdf]",
    "ben: An answer to what is gone", "u05: I write without having joined",
    "ben: About the plan: well done",
  ]

  private static let direct = [
    "anna: Do you have a minute? / :eyes: 1", "ben: Sure / answers: Do you have a minute?",
    "ben: Or in twenty / edited 1", "anna: recalled by anna",
  ]

  private func checkHistories(_ server: TestServer) async throws {
    #expect(try await history(server, "--group", "general") == SlackImportTests.general)
    #expect(
      try await history(server, "--group", "garden") == [
        "ben: Who has seeds? seeds@example.com / :+1::skin-tone-2: 1"
      ])
    #expect(
      try await history(server, "--group", "board") == [
        "anna: Only for the board", "ben: I am here now",
      ])
    for (user, peer) in [("anna", "ben"), ("ben", "anna")] {
      let seen = try await history(server, "--user", user, "--with", peer)
      #expect(seen == SlackImportTests.direct, "\(user)")
    }
  }

  @Test("everything is there, in order; a second import adds nothing")
  func whole() async throws {
    let server = try await TestServer()
    try await server.start()
    let first = try await run(server)
    let expected = [
      "messages": 19, "replies": 3, "reactions": 5, "edits": 2, "deletions": 2, "joins": 11,
      "leaves": 2, "topics": 2, "rejected": 0, "already_imported": 0,
    ]
    for (name, count) in expected { #expect(first[name] as? Int == count, "\(name): \(first)") }
    #expect(
      first["skipped"] as? [String: Int] == [
        "pinned_item": 1, "reminder_add": 1, "reaction_unnamed": 2, "tombstone": 1,
        "message_changed": 1, "empty": 1, "other_file": 1, "channel_archive": 1, "huddle_thread": 1,
      ])
    try await settle(server, SlackImportTests.wholeEvents)
    try await checkHistories(server)

    let second = try await run(server)
    for name in expected.keys where name != "already_imported" {
      #expect(second[name] as? Int == 0, "\(name): \(second)")
    }
    // Two of the joins had nothing to do, and are known all the same.
    #expect(second["already_imported"] as? Int == 45)
    // What an import adds is there when it ends, before anything follows from it.
    #expect(try await events(server) == SlackImportTests.wholeEvents)
    try await checkHistories(server)
    await server.stop()
  }

  @Test("message, sender's name and time are those of the export; so are mentions")
  func fields() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await run(server)
    let output = try await Program.succeed(
      ["history", "--data", server.data, "--group", "general", "--limit", "1000", "--json"])
    let hello = try #require(try output.objects().first)
    #expect(hello["client_time"] as? String == "2024-03-01T09:01:00.000Z")
    #expect(hello["sender_name"] as? String == "Anna Berg")
    #expect(hello["mentions"] as? [String] == ["ben"])
    #expect(hello["mentions_everyone"] as? Bool == true)
    await server.stop()
  }

  @Test("imported in parts, with a kill -9 of the server in between, it is the same")
  func parts() async throws {
    let server = try await TestServer()
    try await server.start()
    let part = try await run(server, SlackImportTests.export, "--channels", "D01,general")
    #expect(part["messages"] as? Int == 16 && part["rejected"] as? Int == 0)
    await server.crash()
    try await server.start()
    let rest = try await run(server)
    #expect(rest["messages"] as? Int == 3 && rest["rejected"] as? Int == 0)
    await server.crash()
    try await server.start()
    let none = try await run(server, SlackImportTests.export, "--window", "1")
    #expect(none["messages"] as? Int == 0 && none["rejected"] as? Int == 0)
    #expect(none["already_imported"] as? Int == 45)
    try await settle(server, SlackImportTests.wholeEvents)
    try await checkHistories(server)
    await server.stop()
  }

  @Test("a later export of the same workspace adds what is new in it, and only that")
  func later() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await run(server)
    let copy = server.folder.appendingPathComponent("export")
    try FileManager.default.copyItem(at: SlackImportTests.export, to: copy)
    let day = copy.appendingPathComponent("garden/2024-03-01.json")
    let reacted = try String(contentsOf: day, encoding: .utf8).replacing(
      "\"count\": 1", with: "\"count\": 1}, {\"name\": \"seedling\", \"users\": [\"U03\"]")
    try reacted.write(to: day, atomically: true, encoding: .utf8)
    try """
    [{"type": "message", "user": "U03", "text": "I do", "ts": "1709400000.000100"}]
    """.write(
      to: copy.appendingPathComponent("garden/2024-03-02.json"), atomically: true, encoding: .utf8)
    let counts = try await run(server, copy, "--channels", "garden")
    for (name, count) in ["messages": 1, "reactions": 1, "joins": 0, "rejected": 0] {
      #expect(counts[name] as? Int == count, "\(name): \(counts)")
    }
    try await settle(server, SlackImportTests.wholeEvents + 4)
    #expect(
      try await history(server, "--group", "garden") == [
        "ben: Who has seeds? seeds@example.com / :+1::skin-tone-2: 1 :seedling: 1", "cleo: I do",
      ])
    await server.stop()
  }

  @Test("a private channel's group takes nobody who wasn't invited; a group that is there stays")
  func membership() async throws {
    let server = try await TestServer()
    try await server.start()
    let token = try await server.token(user: "dan", device: "phone")
    let dan = try DaybookClient(try ClientConfiguration(server: server.address, token: token))
    try await dan.connect()
    try await dan.createGroup("garden")
    let output = try await Program.run([
      "import", "slack", "--server", server.address, "--token",
      try await server.token(service: "importer"), "--json", SlackImportTests.export.path,
    ])
    #expect(output.status == 1)
    #expect(output.errors.contains("group_exists"))
    let counts = try #require(try output.objects().last)
    #expect(counts["rejected"] as? Int == 1 && counts["messages"] as? Int == 18)
    #expect(try await history(server, "--group", "garden").isEmpty)
    await #expect(throws: ClientError.self) { try await dan.join(group: "board") }
    await dan.close()
    await server.stop()
  }

  @Test("what is no export is refused before anything is sent, and the place is named")
  func malformed() async throws {
    let server = try await TestServer()
    try await server.start()
    let copy = server.folder.appendingPathComponent("export")
    try FileManager.default.copyItem(at: SlackImportTests.export, to: copy)
    func refusal(_ more: String...) async throws -> String {
      let output = try await Program.run(
        [
          "import", "slack", "--server", server.address, "--token",
          try await server.token(service: "importer"), copy.path,
        ] + more)
      #expect(output.status != 0)
      return output.errors
    }
    #expect(try await refusal("--channels", "nowhere").contains("invalid_argument"))
    try "[\n{\"type\": }\n]".write(
      to: copy.appendingPathComponent("garden/2024-03-01.json"), atomically: true, encoding: .utf8)
    let malformed = try await refusal()
    #expect(malformed.contains("invalid_input"))
    #expect(malformed.contains("garden/2024-03-01.json:2:10"))
    try FileManager.default.removeItem(at: copy.appendingPathComponent("users.json"))
    #expect(try await refusal().contains("users.json"))
    let history = try await Program.run(["history", "--data", server.data, "--group", "general"])
    #expect(history.errors.contains("group_not_found"))
    await server.stop()
  }
}

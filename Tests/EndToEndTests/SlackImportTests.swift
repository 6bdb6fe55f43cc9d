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
  private static let wholeEvents = 84

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
    "u01: Hello @everyone, welcome @Ben Okafor & all the others / 🎉 2 👋 1",
    "u02: Thanks, @Anna Berg! See #garden and the map (https://garden.example.com/map)"
      + " / answers: Hello @everyone, welcome @Ben Okafor & all the others",
    "u03: _waves_", "bot-b01: Build 7 (https://ci.example.com/7) passed: 3 < 5",
    "u02: Lunch at half past twelve?", "u01: Meeting at four / edited 1",
    "u04: recalled by u01",
    "u03: And from me too / answers: Hello @everyone, welcome @Ben Okafor & all the others",
    "u02: The plan\n[file: plan.pdf, https://files.example.com/F01/plan.pdf]",
    "u02: An answer to what is gone", "u05: I write without having joined",
    "u02: About the plan: well done",
  ]

  private static let direct = [
    "u01: Do you have a minute? / 👀 1", "u02: Sure / answers: Do you have a minute?",
    "u02: Or in twenty / edited 1", "u01: recalled by u01",
  ]

  private func checkHistories(_ server: TestServer) async throws {
    #expect(try await history(server, "--group", "c01") == SlackImportTests.general)
    #expect(
      try await history(server, "--group", "c02") == [
        "u02: Who has seeds? seeds@example.com / 👍🏻 1"
      ])
    #expect(
      try await history(server, "--group", "g01") == [
        "u01: Only for the board", "u02: I am here now",
      ])
    for (user, peer) in [("u01", "u02"), ("u02", "u01")] {
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
    #expect(second["already_imported"] as? Int == 43)
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
      ["history", "--data", server.data, "--group", "c01", "--limit", "1000", "--json"])
    let hello = try #require(try output.objects().first)
    #expect(hello["client_time"] as? String == "2024-03-01T09:01:00.000Z")
    #expect(hello["sender_name"] as? String == "Anna Berg")
    #expect(hello["mentions"] as? [String] == ["u02"])
    #expect(hello["mentions_everyone"] as? Bool == true)
    // One that was deleted stands where it was written, under its writer's name.
    for conversation in [["--group", "c01"], ["--user", "u01", "--with", "u02"]] {
      let shown = try await Program.succeed(
        ["history", "--data", server.data, "--limit", "1000"] + conversation)
      let gone = shown.lines.filter { $0.contains("[recalled by u01]") }
      #expect(gone.count == 1 && shown.lines.allSatisfy { $0.hasPrefix("2024-03-") })
      #expect(gone.allSatisfy { !$0.contains("u04") && !$0.hasSuffix(" u01  [recalled by u01]") })
    }
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
    #expect(none["already_imported"] as? Int == 43)
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
    try await settle(server, SlackImportTests.wholeEvents + 2)
    #expect(
      try await history(server, "--group", "c02") == [
        "u02: Who has seeds? seeds@example.com / :seedling: 1 👍🏻 1", "u03: I do",
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
    try await dan.createGroup("c02")
    let output = try await Program.run([
      "import", "slack", "--server", server.address, "--token",
      try await server.token(service: "importer"), "--json", SlackImportTests.export.path,
    ])
    #expect(output.status == 1)
    #expect(output.errors.contains("group_exists"))
    let counts = try #require(try output.objects().last)
    #expect(counts["rejected"] as? Int == 1 && counts["messages"] as? Int == 18)
    #expect(try await history(server, "--group", "c02").isEmpty)
    await #expect(throws: ClientError.self) { try await dan.join(group: "g01") }
    await dan.close()
    await server.stop()
  }

  @Test("what is no export is refused before anything is sent")
  func noExport() async throws {
    let server = try await TestServer()
    try await server.start()
    func refusal(_ arguments: String...) async throws -> String {
      let output = try await Program.run(
        [
          "import", "slack", "--server", server.address, "--token",
          try await server.token(service: "importer"),
        ] + arguments)
      #expect(output.status != 0)
      return output.errors
    }
    let export = SlackImportTests.export.path
    #expect(try await refusal(export, "--channels", "nowhere").contains("invalid_argument"))
    #expect(try await refusal("\(export)/users.json").contains("is a file, and neither a folder"))
    #expect(try await refusal("\(export)/general").contains("there is no Slack export in it"))
    #expect(try await refusal("\(export)/nope").contains("there is no such file or folder"))
    let history = try await Program.run(["history", "--data", server.data, "--group", "c01"])
    #expect(history.errors.contains("group_not_found"))
    await server.stop()
  }

  @Test("what is faulty costs itself, is named, and shows in the exit code")
  func faults() async throws {
    let server = try await TestServer()
    try await server.start()
    let copy = server.folder.appendingPathComponent("export")
    try FileManager.default.copyItem(at: SlackImportTests.export, to: copy)
    try "[\n{\"type\": }, {\"type\": \"message\", \"user\": \"U01\", \"text\": \"when?\"}\n]".write(
      to: copy.appendingPathComponent("garden/2024-03-01.json"), atomically: true, encoding: .utf8)
    try "{}".write(
      to: copy.appendingPathComponent("board/2024-03-02.json"), atomically: true, encoding: .utf8)
    let output = try await Program.run([
      "import", "slack", "--server", server.address, "--token",
      try await server.token(service: "importer"), "--json", copy.path,
    ])
    #expect(output.status == 1)
    let counts = try #require(try output.objects().last)
    #expect(counts["left_out"] as? [String: Int] == ["bad_entry": 2, "bad_day": 1])
    #expect(counts["rejected"] as? Int == 0 && counts["messages"] as? Int == 16)
    for place in [
      "garden/2024-03-01.json, entry 1",
      "garden/2024-03-01.json, entry 2: bad_entry: it has no 'ts'",
      "board/2024-03-02.json: bad_day: it is no array",
    ] { #expect(output.errors.contains(place), "\(output.errors)") }
    #expect(try await history(server, "--group", "c01") == SlackImportTests.general)
    await server.stop()
  }

  private func write(_ files: [String: String], to folder: URL) throws {
    for (path, content) in files {
      let file = folder.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try content.write(to: file, atomically: true, encoding: .utf8)
    }
  }

  private func message(_ time: Int, _ user: String, _ text: String, _ more: String = "") -> String {
    """
    {"type": "message", "user": "\(user)", "text": "\(text)", "ts": "\(time).000100"\(more)}
    """
  }

  @Test(
    "people and channels that are called otherwise since are the same: only what is new comes in")
  func renamed() async throws {
    let server = try await TestServer()
    try await server.start()
    let (first, second) = (
      server.folder.appendingPathComponent("first"), server.folder.appendingPathComponent("second")
    )
    let day = [
      message(1_704_100_000, "U01", "welcome <@U02>"),
      message(1_704_100_001, "U02", "thanks <@U01>", ", \"thread_ts\": \"1704100000.000100\""),
      message(1_704_100_002, "U02", "and a question"),
    ].joined(separator: ",")
    try write(
      [
        "users.json":
          "[{\"id\": \"U01\", \"name\": \"ana\"}, {\"id\": \"U02\", \"name\": \"ben\"}]",
        "channels.json":
          "[{\"id\": \"C01\", \"name\": \"team\", \"creator\": \"U01\", \"members\": [\"U01\", \"U02\"]}]",
        "team/2024-01-01.json": "[\(day)]",
      ], to: first)
    try write(
      [
        "users.json":
          "[{\"id\": \"U01\", \"name\": \"anna\"}, {\"id\": \"U02\", \"name\": \"benjamin\"}]",
        "channels.json":
          "[{\"id\": \"C01\", \"name\": \"crew\", \"creator\": \"U01\", \"members\": [\"U02\", \"U01\"]}]",
        "crew/2024-01-01.json": "[\(day)]",
        "crew/2024-01-02.json":
          "["
          + message(
            1_704_200_000, "U02", "still me, <@U01>", ", \"thread_ts\": \"1704100000.000100\"")
          + "]",
      ], to: second)
    #expect(try await run(server, first)["messages"] as? Int == 3)
    let counts = try await run(server, second)
    for (name, count) in [
      "messages": 1, "replies": 1, "joins": 0, "leaves": 0, "rejected": 0, "changed_since": 3,
    ] { #expect(counts[name] as? Int == count, "\(name): \(counts)") }
    #expect(
      try await history(server, "--group", "c01") == [
        "u01: welcome @ben", "u02: thanks @ana / answers: welcome @ben", "u02: and a question",
        "u02: still me, @anna / answers: welcome @ben",
      ])
    let shown = try await Program.succeed(["group", "show", "--data", server.data, "c01", "--json"])
    #expect(shown.text.contains("crew"))
    let again = try await run(server, second)
    #expect(again["messages"] as? Int == 0 && again["rejected"] as? Int == 0)
    // A part of the earlier export adds nothing either.
    try FileManager.default.removeItem(at: second.appendingPathComponent("crew/2024-01-01.json"))
    let part = try await run(server, second)
    #expect(part["messages"] as? Int == 0 && part["rejected"] as? Int == 0)
    await server.stop()
  }

  @Test("what programs and shared messages say is there")
  func attachments() async throws {
    let server = try await TestServer()
    try await server.start()
    let folder = server.folder.appendingPathComponent("export")
    let entries = [
      """
      {"type": "message", "subtype": "bot_message", "bot_id": "B01", "username": "alerts", "text": "",
       "ts": "1704100001.000100", "blocks": [{"type": "section", "text": {"type": "mrkdwn",
       "text": "disk on db1 is nearly full"}}]}
      """,
      """
      {"type": "message", "user": "U02", "text": "", "ts": "1704100002.000100", "blocks": [
       {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
       {"type": "text", "text": "in blocks only"}]}]}]}
      """,
      message(
        1_704_100_003, "U01", "look",
        """
        , "attachments": [{"is_share": true, "author_name": "Ben", "channel_name": "odd",
        "text": "moved to Friday", "fallback": "Ben: moved to Friday"}]
        """),
    ]
    try write(
      [
        "users.json":
          "[{\"id\": \"U01\", \"name\": \"ana\"}, {\"id\": \"U02\", \"name\": \"ben\"}]",
        "channels.json": "[{\"id\": \"C01\", \"name\": \"plans\", \"creator\": \"U01\"}]",
        "plans/2024-01-01.json": "[\(entries.joined(separator: ","))]",
      ], to: folder)
    let counts = try await run(server, folder)
    #expect(counts["messages"] as? Int == 3 && counts["skipped"] as? [String: Int] == [:])
    #expect(
      try await history(server, "--group", "c01") == [
        "bot-b01: disk on db1 is nearly full", "u02: in blocks only",
        "u01: look\n[message of Ben in #odd]\nmoved to Friday",
      ])
    await server.stop()
  }
}

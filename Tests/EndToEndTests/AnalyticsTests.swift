import Doubles
import Foundation
import Testing

/// The consumers of `ops/analytics`, against what Daybook itself says of the same chat.
@Suite(
  "analytics", .enabled(if: KafkaBroker.isAvailable && Installed.hasPython),
  .timeLimit(.minutes(30)))
struct AnalyticsTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../ops/analytics").standardizedFileURL.path

  private func chat() async throws -> TestServer {
    let server = try await TestServer()
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "one", "two", "/create team", "for all")
    _ = try await server.chat("bob", "/to alice", "an answer", "/join team", "hello", "again")
    _ = try await server.chat("carol", "/to alice", "hi", "ho", "/join team", "I am new")
    _ = try await server.chat("alice", "/group team", "/history", "/reply 2 welcome", "/to carol")
    _ = try await server.chat("bob", "/to carol", "a mistake", "a word", "/recall 1")
    _ = try await server.chat("dave", "/join team", "me too", "/leave team")
    return server
  }

  private func run(_ script: String, _ arguments: [String]) async throws -> Program.Output {
    try await Installed.run(
      "exec \(Installed.python) \"$@\"", ["\(Self.folder)/\(script)"] + arguments)
  }

  /// Messages of each hour, as the log has them.
  private func hours(_ server: TestServer) async throws -> [String: Int] {
    let sent = try await server.objects(["log", "dump"]).filter {
      $0["type"] as? String == "message_sent"
    }
    return Dictionary(grouping: sent) { ($0["recorded_at"] as? String ?? "").prefix(13) + ":00Z" }
      .mapValues(\.count)
  }

  @Test("messages an hour are counted once, however often the counting is interrupted")
  func messagesPerHour() async throws {
    let server = try await chat()
    let mirrored = try MirroredFolder(server)
    try await mirrored.plan()
    try await mirrored.catchUp()
    let counts = "\(server.folder.path)/counts.sqlite"
    let arguments = [
      "--brokers", mirrored.broker.address, "--topic", mirrored.topic, "--counts", counts,
      "--until-end",
    ]
    func counted() async throws -> [String: Int] {
      let output = try await run("messages_per_hour.py", arguments)
      return Dictionary(
        uniqueKeysWithValues: output.lines.map { line in
          let cells = line.split(separator: "\t")
          return (String(cells[0]), Int(cells[1]) ?? -1)
        })
    }
    let first = try await counted()
    #expect(first.values.reduce(0, +) == 13)
    #expect(try await first == hours(server))
    // Again, and with what has come since.
    #expect(try await counted() == first)
    _ = try await server.chat("alice", "/to bob", "one more")
    try await mirrored.catchUp()
    #expect(try await counted() == (try await hours(server)))
    await server.stop()
  }

  @Test("reports on an export say what Daybook says: messages, answers, what is unread")
  func reports() async throws {
    let server = try await chat()
    let mirrored = try MirroredFolder(server)
    try await mirrored.plan()
    try await mirrored.catchUp(["--format", "json", "--redact", "content"])
    #expect(try await mirrored.verify().status == 0)
    let exported = try await run(
      "export.py", ["--brokers", mirrored.broker.address, "--topic", mirrored.topic])
    #expect(exported.lines.count == (try await mirrored.events()))
    #expect(!exported.text.contains("\"plain\""))
    let file = "\(server.folder.path)/events.jsonl"
    try exported.text.write(toFile: file, atomically: true, encoding: .utf8)
    let rows = try await run("reports.py", [file, "--json"]).objects()
    func report(_ name: String) -> [[String: Any]] {
      rows.filter { $0["report"] as? String == name }
    }

    let hours = report("messages_per_hour").map {
      ($0["hour"] as? String ?? "", $0["messages"] as? Int ?? -1)
    }
    #expect(try await Dictionary(uniqueKeysWithValues: hours) == self.hours(server))

    // bob's to alice; and alice's to what bob said in the group.
    let answers = report("answer_times")
    #expect(answers.map { $0["kind"] as? String } == ["direct", "reply"])
    #expect(answers.map { $0["answers"] as? Int } == [1, 1])
    for one in answers {
      let median = try #require(one["median_seconds"] as? Double)
      #expect(median >= 0 && median < 600 && median == one["p90_seconds"] as? Double)
    }

    var unread: [String: [String: Int]] = [:]
    for row in report("unread") {
      let user = try #require(row["user"] as? String)
      unread[user, default: [:]][row["conversation"] as? String ?? ""] = row["unread"] as? Int
    }
    for user in ["alice", "bob", "carol", "dave"] {
      let said = try await server.objects(["unread", "--user", user]).map {
        ($0["conversation"] as? String ?? "", $0["unread"] as? Int ?? -1)
      }
      #expect(unread[user] ?? [:] == Dictionary(uniqueKeysWithValues: said), "\(user)")
    }
    #expect(unread["carol"]?["user/bob"] == 1 && unread["dave"] == nil)
    let ages = report("unread_ageing")
    #expect(ages.map { $0["waited"] as? String } == ["1 under an hour"])
    #expect(
      ages[0]["messages"] as? Int
        == unread.values.reduce(0) { $0 + $1.values.reduce(0, +) })
    await server.stop()
  }
}

import Doubles
import Foundation
import GRDB
import Testing

@Suite("a log that is followed from outside", .timeLimit(.minutes(30)))
struct FeedTests {
  /// The address that the server says services follow its log at.
  private func log(_ server: TestServer) throws -> String {
    let match = server.output.firstMatch(of: /listening on (\S+) \(log(, tls)?\)/)
    return String(try #require(match).1)
  }

  /// What `feed` prints up to where the log ends, without the positions.
  private func feed(
    _ server: TestServer, _ options: String...
  ) async throws -> (events: [[String: Any]], position: String?) {
    let token = try await server.token(service: "reader")
    var events = try await Program.succeed(
      ["feed", "--log", try log(server), "--token", token, "--until-head", "--json"] + options
    ).objects()
    let position = events.last?["position"] as? String
    for index in events.indices { events[index]["position"] = nil }
    return (events, position)
  }

  /// By partition, then offset.
  private func sorted(_ events: [[String: Any]]) -> [[String: Any]] {
    func place(_ event: [String: Any]) -> (Int, Int) {
      (event["partition"] as? Int ?? -1, event["offset"] as? Int ?? -1)
    }
    return events.sorted { place($0) < place($1) }
  }

  private func expect(_ events: [[String: Any]], equal others: [[String: Any]]) {
    #expect(NSArray(array: sorted(events)) == NSArray(array: sorted(others)))
  }

  @Test("comes as the log has it, from its start, from a time, and from where one was")
  func comes() async throws {
    let server = try await TestServer()
    try await server.start(["--log-service", "127.0.0.1:0"])
    _ = try await server.chat("alice", "/to bob", "hello", "how are you?")
    let first = try await feed(server, "--contents")
    let dumped = try await server.objects(["log", "dump", "--contents"])
    expect(first.events, equal: dumped)
    #expect(first.events.contains { $0["text"] as? String == "hello" })

    _ = try await server.chat("bob", "/to alice", "fine")
    let later = try await feed(server, "--from", try #require(first.position), "--contents")
    let all = try await server.objects(["log", "dump", "--contents"])
    expect(first.events + later.events, equal: all)
    #expect(try await feed(server, "--from", "now").events.isEmpty)
    expect(try await feed(server, "--from", "1h", "--contents").events, equal: all)
    #expect(try await feed(server, "--from", "2100-01-01T00:00:00Z").events.isEmpty)

    let chosen = try await feed(
      server, "--contents", "--stream", "user/bob", "--kinds", "message_sent")
    expect(
      chosen.events,
      equal: all.filter {
        $0["stream"] as? String == "user/bob" && $0["type"] as? String == "message_sent"
      })
    await server.stop()
  }

  @Test("a position under a name survives the server, and what was printed is not printed again")
  func named() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start(["--log-service", "127.0.0.1:0"])
    _ = try await server.chat("alice", "/to bob", "one")
    let first = try await feed(server, "--save-as", "report").events
    #expect(!first.isEmpty)
    await server.stop()
    try await server.start(["--log-service", "127.0.0.1:0"])
    _ = try await server.chat("alice", "/to bob", "two")
    let second = try await feed(server, "--save-as", "report").events
    expect(first + second, equal: try await server.objects(["log", "dump"]))
    #expect(try await feed(server, "--from", "@report").events.isEmpty)
    await server.stop()
  }

  @Test("goes on over a restart of the server, with nothing twice and nothing missing")
  func restart() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start(["--log-service", "127.0.0.1:0"])
    let address = try log(server)
    let token = try await server.token(service: "reader")
    let running = try Running(["feed", "--log", address, "--token", token, "--json", "--contents"])
    for round in 1...2 {
      _ = try await server.chat("alice", "/to bob", "round \(round)")
      let wanted = try await server.objects(["log", "dump"]).count
      while running.text().split(separator: "\n").count < wanted {
        try #require(running.isRunning, "\(running.text("err"))")
        try await Task.sleep(for: .milliseconds(10))
      }
      if round == 1 {
        await server.crash()
        try await server.start(["--log-service", address])
      }
    }
    running.signal(SIGINT)
    var events = try await running.finished().objects()
    for index in events.indices { events[index]["position"] = nil }
    expect(events, equal: try await server.objects(["log", "dump", "--contents"]))
    await server.stop()
  }

  @Test("by TLS, with the server's certificate; a device is not let in, nor is nonsense understood")
  func secured() async throws {
    let certificates = try TLSFixtures.copy()
    defer { try? FileManager.default.removeItem(at: certificates) }
    func file(_ name: String) -> String { certificates.appending(path: name).path }
    let server = try await TestServer(partitions: 2)
    try await server.start([
      "--log-service", "tls://127.0.0.1:0", "--tls-certificate", file("server.pem"), "--tls-key",
      file("server.key"),
    ])
    _ = try await server.chat("alice", "/to bob", "hello")
    let address = try log(server)
    let token = try await server.token(service: "reader")
    let events = try await Program.succeed([
      "feed", "--log", "tls://\(address)", "--tls-ca", file("authority.pem"), "--token", token,
      "--until-head", "--json",
    ])
    #expect(try events.objects().contains { $0["type"] as? String == "message_sent" })
    let trusting = try await Program.run(
      ["feed", "--log", "tls://\(address)", "--token", token, "--until-head", "--json"],
      environment: ["DAYBOOK_TLS_CA": file("authority.pem")])
    #expect(trusting.status == 0 && trusting.text == events.text, "\(trusting.errors)")
    let device = try await server.token(user: "alice", device: "phone")
    for (options, wanted) in [
      (["--token", device], "not_permitted"), (["--token", "rubbish"], "invalid_token"),
      (["--token", token, "--from", "@nobody"], "position_not_found"),
      (["--token", token, "--from", "yesterday"], "invalid_argument"),
      (["--token", token, "--partition", "9"], "invalid_argument"),
    ] {
      let output = try await Program.run(
        [
          "feed", "--log", "tls://\(address)", "--tls-ca", file("authority.pem"), "--until-head",
          "--json",
        ] + options)
      #expect(output.status != 0 && output.errors.contains(wanted), "\(options): \(output.errors)")
    }
    await server.stop()
  }
}

@Suite("examples of following a log", .timeLimit(.minutes(30)))
struct FeedExampleTests {
  private static let python = ProcessInfo.processInfo.environment["DAYBOOK_GRPC_PYTHON"]
  private static var root: URL {
    URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
  }

  private func log(_ server: TestServer) throws -> String {
    let match = server.output.firstMatch(of: /listening on (\S+) \(log\)/)
    return String(try #require(match).1)
  }

  private func run(_ command: [String], token: String) async throws -> String {
    let output = FileManager.default.temporaryDirectory.appending(
      path: "example-\(UUID().uuidString)"
    ).path
    defer {
      for suffix in ["", ".err"] { try? FileManager.default.removeItem(atPath: output + suffix) }
    }
    let process = try ChildProcess(
      "/usr/bin/env", ["DAYBOOK_TOKEN=\(token)"] + command, output: output, errors: output + ".err")
    let status = process.finished()
    let errors = (try? String(contentsOfFile: output + ".err", encoding: .utf8)) ?? ""
    try #require(status == 0, "\(errors)")
    return try String(contentsOfFile: output, encoding: .utf8)
  }

  @Test("in Swift: messages a day, each counted once, over several runs")
  func messagesADay() async throws {
    let server = try await TestServer(partitions: 3)
    try await server.start(["--log-service", "127.0.0.1:0"])
    let token = try await server.token(service: "reader")
    let database = server.folder.appending(path: "days.sqlite").path
    let program = Program.url.deletingLastPathComponent().appending(path: "MessagesADay").path
    for round in 1...3 {
      _ = try await server.chat("alice", "/to bob", "one", "two", "three")
      _ = try await run([program, try log(server), database, "--until-head"], token: token)
      let counted = try await DatabaseQueue(path: database).read {
        try Int.fetchOne($0, sql: "SELECT sum(messages) FROM days")
      }
      #expect(counted == 3 * round)
    }
    await server.stop()
  }

  @Test("in Python, with grpcio: who said how much", .enabled(if: python != nil))
  func inPython() async throws {
    let python = try #require(FeedExampleTests.python)
    let server = try await TestServer(partitions: 3)
    try await server.start(["--log-service", "127.0.0.1:0"])
    let token = try await server.token(service: "reader")
    let script = FeedExampleTests.root.appending(path: "ops/examples/feed.py").path
    let position = server.folder.appending(path: "position").path
    _ = try await server.chat("alice", "/to bob", "one", "two")
    _ = try await server.chat("bob", "/to alice", "three")
    let command = [python, script, try log(server), position]
    #expect(try await run(command, token: token) == "alice\t2\nbob\t1\n")
    #expect(try await run(command, token: token) == "")
    _ = try await server.chat("bob", "/to alice", "four")
    #expect(try await run(command, token: token) == "bob\t1\n")
    await server.stop()
  }
}

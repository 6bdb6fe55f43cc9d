import Doubles
import Foundation
import Testing

/// A log that is imported into, mirrored by a process that is killed again and again. Three kills as a
/// test, fifty and more events in `ops/prove mirror`.
@Suite(
  "kill -9 of a mirror", .enabled(if: KafkaBroker.isAvailable), .timeLimit(.minutes(60)))
struct MirrorKillTests {
  private static var chosenKills: Int? {
    ProcessInfo.processInfo.environment["DAYBOOK_MIRROR_KILLS"].flatMap { Int($0) }
  }

  /// Events of the fixtures, imported into so many groups, are 100,000 and more.
  private static let groupsOfMany = 24

  @Test(
    "whatever was imported meanwhile is in the topic once, in order, as another reader finds it")
  func killed() async throws {
    let kills = Self.chosenKills ?? 3
    let broker = try KafkaBroker.shared()
    let server = try await TestServer()
    let topic = MirroredTopic(broker.address, server)
    try await topic.plan()
    try await server.start()
    let importing = Task {
      try await imports(into: server, groups: kills > 3 ? Self.groupsOfMany : 1)
    }
    for kill in 1...kills {
      let mirror = try Running(topic.command("run"))
      try await Task.sleep(for: .milliseconds(Int.random(in: 200..<1_200)))
      #expect(mirror.isRunning, "\(mirror.text("err"))")
      mirror.signal(SIGKILL)
      _ = await mirror.finished()
      if Self.chosenKills != nil { tell("\(kill) of \(kills) kills") }
    }
    try await importing.value
    try await topic.catchUp()
    #expect(try await topic.lag() == 0)
    #expect(try await topic.read() == topic.expected())
    try await topic.verify()
    await server.stop()
  }

  private func imports(into server: TestServer, groups: Int) async throws {
    let token = try await server.token(service: "importer")
    let slack = Fixtures.irc.deletingLastPathComponent().appendingPathComponent("slack")
    try await Program.succeed(
      ["import", "slack", "--server", server.address, "--token", token, slack.path])
    let files = try Fixtures.ircFiles().map(\.path)
    for group in 0..<groups {
      try await Program.succeed(
        ["import", "irc", "--server", server.address, "--token", token, "--group", "irc-\(group)"]
          + files)
      if Self.chosenKills != nil { tell("\(group + 1) of \(groups) imports") }
    }
  }

  private func tell(_ text: String) {
    FileHandle.standardError.write(Data("mirror: \(text)\n".utf8))
  }

  @Test("a server mirrors what it logs, goes on after a restart, and serves without a Kafka")
  func served() async throws {
    let broker = try KafkaBroker.shared()
    let server = try await TestServer()
    let topic = MirroredTopic(broker.address, server)
    try await topic.plan()
    let file = server.folder.appendingPathComponent("kafka.yaml")
    try topic.description.write(to: file, atomically: true, encoding: .utf8)
    try await server.start(["--mirror", file.path])
    try await imports(into: server, groups: 1)
    await server.crash()
    try await server.start(["--mirror", file.path])
    while try await topic.lag() > 0 { try await Task.sleep(for: .milliseconds(50)) }
    await server.stop()
    #expect(try await topic.read() == topic.expected())
    try await topic.verify()
    try "brokers: 127.0.0.1:1\n".write(to: file, atomically: true, encoding: .utf8)
    try await server.start(["--mirror", file.path])
    #expect(try await server.chat("ann", "/to ben", "hello", "/quit").contains("hello"))
    let stopped = await server.stop()
    #expect(stopped?.status == 0)
  }

  @Test("passwords are taken from files alone, and stand in nothing that is said")
  func secrets() async throws {
    let server = try await TestServer()
    let base = ["mirror", "status", "--data", server.data, "--brokers", "127.0.0.1:1"]
    let said = try await Program.run(base + ["--config", "sasl.password=hunter2hunter2"])
    #expect(said.status == 64 && said.errors.contains("--config-file"), "\(said.errors)")
    #expect(!said.errors.contains("hunter2"))
    let file = server.folder.appendingPathComponent("secret.properties")
    try "sasl.password=hunter2hunter2\nsasl.username=daybook\n".write(
      to: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
    let open = try await Program.run(base + ["--config-file", file.path])
    #expect(open.status == 1 && open.errors.contains("chmod 600"))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    let bad = try await Program.run(
      base + ["--config-file", file.path, "--config", "debug=hunter2hunter2"])
    #expect(bad.status == 64 && !bad.errors.contains("hunter2"), "\(bad.errors)")
  }
}

/// A topic of a server's log, looked at with programs of others.
struct MirroredTopic {
  let brokers: String
  let name = "t-\(UUID().uuidString.prefix(8))"
  private let data: String

  init(_ brokers: String, _ server: TestServer) {
    self.brokers = brokers
    data = server.data
  }

  /// Topics have names of their own, for a broker has those of other tests too.
  func command(_ name: String, _ more: String...) -> [String] {
    [
      "mirror", name, "--data", data, "--brokers", brokers, "--topic", self.name,
      "--offsets-topic", "\(self.name)-offsets",
    ] + more
  }

  var description: String {
    "brokers: \(brokers)\ntopic: \(name)\noffsets_topic: \(name)-offsets\n"
  }

  func plan() async throws { try await Program.succeed(command("plan", "--yes")) }
  func catchUp() async throws { try await Program.succeed(command("run", "--until-head")) }
  func verify() async throws { try await Program.succeed(command("verify")) }

  func lag() async throws -> Int {
    let status = try await Program.succeed(command("status", "--json")).objects()
    return try #require(status.last?["lag_events"] as? Int)
  }

  /// Ids of events by partition, as kcat finds them.
  func read() async throws -> [[String]] {
    var found: [[String]] = []
    for partition in 0..<4 {
      let output = FileManager.default.temporaryDirectory.appendingPathComponent(
        "kcat-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: output) }
      let kcat = try ChildProcess(
        "/usr/bin/kcat",
        [
          "-C", "-b", brokers, "-t", name, "-p", "\(partition)", "-o", "beginning", "-e", "-q",
          "-X",
          "isolation.level=read_committed", "-f", "%h\\n",
        ], output: output.path)
      while kcat.isRunning { try await Task.sleep(for: .milliseconds(5)) }
      #expect(kcat.status == 0)
      found.append(
        try String(contentsOf: output, encoding: .utf8).split(separator: "\n").map { line in
          let id = line.split(separator: ",").first { $0.hasPrefix("ce_id=") }
          return String((id ?? "").dropFirst("ce_id=".count))
        })
    }
    return found
  }

  /// The same, as the log has them.
  func expected() async throws -> [[String]] {
    var ids: [[String]] = Array(repeating: [], count: 4)
    for event in try await Program.succeed(["log", "dump", "--data", data, "--json"]).objects() {
      let partition = try #require(event["partition"] as? Int)
      ids[partition].append("\(partition)-\(event["offset"] as? Int ?? -1)")
    }
    return ids
  }
}

import Doubles
import Foundation
import Testing

/// A topic of its own on the tests' broker, mirrored from a server's folder.
struct MirroredFolder {
  let server: TestServer
  let options: [String]
  let broker: KafkaBroker
  let topic = "e2e-\(UUID().uuidString.prefix(8))"

  init(_ server: TestServer) throws {
    self.server = server
    broker = try KafkaBroker.shared()
    options = [
      "--data", server.data, "--brokers", broker.address, "--topic", topic, "--offsets-topic",
      "\(topic)-offsets",
    ]
  }

  func plan() async throws { try await Program.succeed(["mirror", "plan", "--yes"] + options) }

  /// Mirrors what is there.
  func catchUp(_ shape: [String] = []) async throws {
    try await Program.succeed(["mirror", "run", "--until-head"] + options + shape)
  }

  func verify(_ more: [String] = []) async throws -> Program.Output {
    try await Program.run(["mirror", "verify"] + options + more)
  }

  /// How many events the log has.
  func events() async throws -> Int {
    let output = try await server.objects(["log", "verify"])
    return try #require(output.last?["events"] as? Int)
  }
}

/// Programs that only some of these need, and `ops/test` installs.
enum Installed {
  static let kcat = isThere("command -v kcat")
  /// With confluent-kafka. DAYBOOK_PYTHON says which.
  static let python = "${DAYBOOK_PYTHON:-python3}"
  static let hasPython = isThere("\(python) -c 'import confluent_kafka'")

  private static func isThere(_ test: String) -> Bool {
    (try? ChildProcess("/bin/sh", ["-c", test]).finished()) == 0
  }

  /// What it prints, of a command that has to succeed.
  static func run(_ command: String, _ arguments: [String] = []) async throws -> Program.Output {
    let run = try Running(arguments, shell: command)
    let output = await run.finished()
    try #require(output.status == 0, "\(command): \(output.errors)")
    return output
  }
}

@Suite(
  "mirror verify", .enabled(if: KafkaBroker.isAvailable && Installed.kcat), .timeLimit(.minutes(30))
)
struct MirrorVerifyTests {
  private func server() async throws -> TestServer {
    let server = try await TestServer()
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "one", "two", "/create team", "three")
    _ = try await server.chat("bob", "/to alice", "four")
    return server
  }

  @Test("exits as cli.md says: equal, behind, different, and what can't be told")
  func exitCodes() async throws {
    let server = try await server()
    let mirrored = try MirroredFolder(server)
    let missing = try await mirrored.verify(["--json"])
    #expect(missing.status == 1 && missing.errors.contains("kafka_topic_missing"))
    try await mirrored.plan()
    try await mirrored.catchUp()
    let equal = try await mirrored.verify()
    #expect(equal.status == 0, "\(equal.text)\(equal.errors)")
    let events = try await mirrored.events()
    #expect(equal.lines.last == "equal: \(events) events in 4 partitions")

    _ = try await server.chat("bob", "/to alice", "five")
    let behind = try await mirrored.verify(["--json"])
    #expect(behind.status == 2)
    let said = try #require(try behind.objects().last)
    #expect(said["verdict"] as? String == "behind" && said["events"] as? Int == events)
    #expect(said["behind"] as? Int == (try await mirrored.events()) - events)

    try await mirrored.catchUp()
    #expect(try await mirrored.verify().status == 0)
    try await write(["group/team", "nonsense"], to: mirrored)
    let different = try await mirrored.verify()
    #expect(different.status == 3)
    #expect(different.lines.contains { $0.contains("no_event") }, "\(different.text)")
    let object = try #require(try await mirrored.verify(["--json"]).objects().last)
    let found = (object["partitions"] as? [[String: Any]])?
      .compactMap { $0["difference"] as? [String: Any] }
    #expect(found?.count == 1 && found?[0]["cause"] as? String == "no_event")
    await server.stop()
  }

  /// Somebody else's record.
  private func write(_ record: [String], to mirrored: MirroredFolder) async throws {
    _ = try await Installed.run(
      "printf '%s:%s' \"$1\" \"$2\" | kcat -P -b \"$3\" -t \"$4\" -p 0 -K :",
      record + [mirrored.broker.address, mirrored.topic])
  }

  @Test(
    "states what a filtered and redacted mirror leaves out of each stream, and needs no telling")
  func filtered() async throws {
    let server = try await server()
    let mirrored = try MirroredFolder(server)
    try await mirrored.plan()
    try await mirrored.catchUp([
      "--types", "message_sent", "--streams", "user/*", "--redact", "content", "--format", "json",
    ])
    let equal = try await mirrored.verify(["--json"])
    #expect(equal.status == 0)
    let objects = try equal.objects()
    let streams = objects.dropLast().compactMap { $0["stream"] as? String }
    #expect(streams == streams.sorted() && streams.contains("group/team"))
    #expect(objects.last?["streams_with_gaps"] as? Int == streams.count)
    #expect(objects.last?["events"] as? Int == 3)
    let alice = try #require(objects.first { $0["stream"] as? String == "user/alice" })
    // Copies, receipts and the rest have seqs too.
    #expect(alice["missing"] as? Int == (alice["head"] as? Int ?? 0) - 1)
    let text = try await mirrored.verify()
    #expect(
      text.lines.contains { $0.hasPrefix("user/alice: ") && $0.contains("seqs are left out") })
    await server.stop()
  }

  @Test("follows beside a mirror that runs, and ends when something is different")
  func followed() async throws {
    let server = try await server()
    let mirrored = try MirroredFolder(server)
    try await mirrored.plan()
    let mirror = try Running(["mirror", "run"] + mirrored.options)
    let verify = try Running(["mirror", "verify", "--follow", "--json"] + mirrored.options)
    for number in 0..<5 { _ = try await server.chat("alice", "/to bob", "message \(number)") }
    while try await mirrored.verify().status != 0 { try await Task.sleep(for: .milliseconds(50)) }
    #expect(verify.isRunning && verify.text().isEmpty, "\(verify.text())\(verify.text("err"))")
    try await write(["group/team", "nonsense"], to: mirrored)
    let ended = await verify.finished()
    #expect(ended.status == 3)
    #expect(try ended.objects().last?["verdict"] as? String == "different")
    mirror.signal(SIGTERM)
    #expect(await mirror.finished().status == 0)
    await server.stop()
  }

  @Test("a reader that knows nothing of Daybook counts the same, and each event once")
  func independentReader() async throws {
    let server = try await TestServer()
    try await server.start()
    let token = try await server.token(service: "importer")
    let mirrored = try MirroredFolder(server)
    try await mirrored.plan()
    let mirror = try Running(["mirror", "run"] + mirrored.options)
    let files = try Fixtures.ircFiles().prefix(2).map(\.path)
    try await Program.succeed(
      ["import", "irc", "--server", server.address, "--token", token] + files)
    await server.stop()
    mirror.signal(SIGTERM)
    _ = await mirror.finished()
    try await mirrored.catchUp()
    #expect(try await mirrored.verify().status == 0)
    // Offsets in the log, as names of events have them, follow each other in each partition.
    let script = """
      kcat -C -q -e -b "$1" -t "$2" -o beginning -X isolation.level=read_committed -f '%p %k %h\\n' |
        sed -E 's/^([0-9]+) ([^ ]+) .*ce_id=([0-9]+)-([0-9]+).*/\\1 \\2 \\3 \\4/' |
        awk '{
          if ($1 != $3) other++
          if ($4 != seen[$1]++ + 0) unordered++
          if (($2 in home) && home[$2] != $1) moved++
          home[$2] = $1; all++
        } END { print all + 0, other + 0, unordered + 0, moved + 0 }'
      """
    let counted = try await Installed.run(script, [mirrored.broker.address, mirrored.topic])
    #expect(counted.lines.first == "\(try await mirrored.events()) 0 0 0")
  }
}

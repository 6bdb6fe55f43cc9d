import DaybookSchema
import Doubles
import Foundation
import FoundationNetworking
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("what operators see of a running server", .timeLimit(.minutes(30)))
struct OperationsTests {
  private static let tools = ProcessInfo.processInfo.environment
  private static var root: URL {
    URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
  }

  /// The address that the server says it answers operators at.
  private func operators(_ server: TestServer) throws -> String {
    let match = server.errors.firstMatch(of: /metrics and health are at (http:\S+)/)
    return String(try #require(match).1)
  }

  private func ask(_ url: String) async throws -> (status: Int, text: String) {
    let (data, response) = try await URLSession.shared.data(from: try #require(URL(string: url)))
    return (
      (response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self)
    )
  }

  @Test("metrics are counted and told, and the server is ready and well")
  func metrics() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start(["--metrics", "127.0.0.1:0"])
    _ = try await server.chat("alice", "/to bob", "hello")
    let address = try operators(server)
    #expect(try await ask("\(address)/healthz").status == 200)
    #expect(try await ask("\(address)/readyz").text == "serving\n")
    let text = try await ask("\(address)/metrics").text
    var values: [String: Double] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      try #require(parts.count == 2, "\(line)")
      values[String(parts[0]), default: 0] += try #require(Double(parts[1]), "\(line)")
    }
    func sum(_ name: String) -> Double {
      values.filter { $0.key == name || $0.key.hasPrefix("\(name){") }.values.reduce(0, +)
    }
    for name in [
      "daybook_log_appended_events_total", "daybook_log_sync_duration_seconds_count",
      "daybook_partition_commit_duration_seconds_count", "daybook_partition_state_entries",
      "daybook_gateway_command_duration_seconds_count",
      "process_resident_memory_bytes",
    ] {
      #expect(sum(name) > 0, "\(name)")
    }
    #expect(
      values[#"daybook_partition_commit_duration_seconds_bucket{partition="0",le="+Inf"}"#] != nil)
    let output = try #require(await server.stop())
    #expect(output.status == 0)
    await #expect(throws: (any Error).self) { try await ask("\(address)/readyz") }
  }

  @Test(
    "what is told is what promtool takes for good", .enabled(if: tools["DAYBOOK_PROMTOOL"] != nil))
  func promtool() async throws {
    let promtool = try #require(Self.tools["DAYBOOK_PROMTOOL"])
    let server = try await TestServer(partitions: 2)
    try await server.start(["--metrics", "127.0.0.1:0"])
    _ = try await server.chat("alice", "/to bob", "hello")
    let text = try await ask("\(try operators(server))/metrics").text
    let folder = Self.root.appending(path: "ops/prometheus").path
    for (arguments, input) in [
      (["check", "metrics"], text), (["check", "rules", "\(folder)/alerts.yaml"], ""),
      (["test", "rules", "\(folder)/alerts_test.yaml"], ""),
      (["check", "config", "\(folder)/prometheus.yaml"], ""),
    ] {
      let (status, said) = try Self.run(promtool, arguments, input)
      #expect(status == 0, "\(arguments): \(said)")
      #expect(!said.contains("no help text"), "\(said)")
    }
    _ = await server.stop()
  }

  private static func run(
    _ program: String, _ arguments: [String], _ input: String
  ) throws -> (status: Int32, said: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let (into, out) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput, process.standardError) = (into, out, out)
    try process.run()
    let writer = Thread {
      try? into.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try? into.fileHandleForWriting.close()
    }
    writer.start()
    let said = try out.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: said, as: UTF8.self))
  }

  /// Names that alerts and dashboard use.
  @Test("alerts and dashboard ask for metrics that there are, and each alert has its runbook")
  func names() throws {
    let alerts = try text("ops/prometheus/alerts.yaml")
    let dashboard = try text("ops/grafana/daybook.json")
    let table = try text("schemas/metrics.md")
    var used = 0
    for page in [alerts, dashboard] {
      for match in page.matches(of: /(daybook|process)_[a-z_]+/) {
        var name = String(match.0)
        for end in ["_bucket", "_count", "_sum"]
        where name.hasSuffix(end) && !table.contains("`\(name)`") {
          name.removeLast(end.count)
        }
        #expect(table.contains("`\(name)`"), "\(name)")
        used += 1
      }
    }
    #expect(used > 30)
    let runbooks = try text("ops/runbooks.md")
    let named = alerts.matches(of: /alert: (\w+)/).map { String($0.1) }
    #expect(named.count == 12)
    for name in named {
      #expect(runbooks.contains("\n## \(name)\n"), "\(name)")
      #expect(alerts.contains("ops/runbooks.md#\(name.lowercased())\n"), "\(name)")
    }
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
  }

  @Test(
    "SIGHUP reads settings and secret anew and says what has changed; a bad file changes nothing")
  func reload() async throws {
    let server = try await TestServer(partitions: 2)
    let settings = server.folder.appending(path: "settings.yaml")
    try "log_level: info\n".write(to: settings, atomically: true, encoding: .utf8)
    try await server.start(["--settings", settings.path])
    func hangUp(until says: String) async throws {
      server.signal(SIGHUP)
      while !server.errors.contains(says) {
        try #require(server.isRunning, "\(server.errors)")
        try await Task.sleep(for: .milliseconds(5))
      }
    }
    try await hangUp(until: "SIGHUP: nothing has changed")
    try "log_level: debug\nlimits: { sends_per_user: { per_second: 1, burst: 9 } }\n".write(
      to: settings, atomically: true, encoding: .utf8)
    try await hangUp(until: "SIGHUP: log_level is debug")
    try await hangUp(until: "SIGHUP: sends_per_user is 1.0 a second, 9.0 at once")
    try "limits: 7\n".write(to: settings, atomically: true, encoding: .utf8)
    try await hangUp(until: "SIGHUP: all stays as it was")
    let old = try await server.token(user: "alice", device: "phone")
    try String(repeating: "ab", count: 32).write(
      toFile: "\(server.data)/secret", atomically: false, encoding: .utf8)
    try "{}\n".write(to: settings, atomically: true, encoding: .utf8)
    try await hangUp(until: "SIGHUP: the secret is another one")
    let refused = try await Program.run(
      ["chat", "--server", server.address, "--token", old])
    #expect(refused.status == 1 && refused.errors.contains("invalid_token"))
    _ = try await server.chat("alice", "/to bob", "with the new one")
    let output = try #require(await server.stop())
    #expect(output.status == 0)
  }

  @Test(
    "an address whose tokens keep failing is listed, and let in by hand on the server's own machine"
  )
  func abuse() async throws {
    let server = try await TestServer(partitions: 2)
    let settings = server.folder.appending(path: "settings.yaml")
    try "limits: { failed_tokens_per_address: { per_second: 0.001, burst: 2 } }\n".write(
      to: settings, atomically: true, encoding: .utf8)
    // Whoever connects from there says by which address it is known.
    try await server.start(["--settings", settings.path, "--proxy-from", "127.0.0.2"])
    let service = try await server.token(service: "operator")
    let abuse = ["gateway", "abuse", "--server", server.address, "--token", service, "--json"]
    // Of the machine itself none is refused, however many fail.
    for _ in 0..<4 {
      let output = try await Program.run(
        ["chat", "--server", server.address, "--token", "nonsense"])
      #expect(output.errors.contains("invalid_token"))
    }
    #expect(try await Program.succeed(abuse).text.isEmpty)
    for _ in 0..<3 { try badToken(server.address) }
    while !server.errors.contains("203.0.113.7 is refused for a while") {
      try #require(server.isRunning)
      try await Task.sleep(for: .milliseconds(5))
    }
    let listed = try await Program.succeed(abuse).objects()
    #expect(listed.map { $0["address"] as? String } == ["203.0.113.7"])
    #expect(listed[0]["failures"] as? Int == 3)
    try await Program.succeed(abuse + ["--lift", "203.0.113.7"])
    #expect(try await Program.succeed(abuse).text.isEmpty)
    _ = await server.stop()
  }

  /// Through a proxy at 127.0.0.2, as whoever is at 203.0.113.7; returns once it has its answer.
  private func badToken(_ address: String) throws {
    let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    func at(_ host: String, _ port: UInt16) -> sockaddr_in {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      inet_pton(AF_INET, host, &address.sin_addr)
      return address
    }
    func with(_ address: sockaddr_in, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32)
      -> Int32
    {
      withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    try #require(with(at("127.0.0.2", 0)) { bind(file, $0, $1) } == 0)
    try #require(with(at("127.0.0.1", port)) { connect(file, $0, $1) } == 0)
    let signature: [UInt8] = [
      0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
    ]
    var bytes = ByteBuffer(bytes: signature + [0x21, 0x11, 0, 12])
    bytes.writeBytes([203, 0, 113, 7, 127, 0, 0, 1, 0x1f, 0x90, 0x1b, 0x58])
    bytes.writeFrame(
      .connect, sequence: 1, message: Daybook_V1_ConnectRequest.with { $0.token = "nonsense" })
    let request = Array(bytes.readableBytesView)
    try #require(write(file, request, request.count) == request.count)
    var answer = [UInt8](repeating: 0, count: 4_096)
    while read(file, &answer, answer.count) > 0 {}
  }
}

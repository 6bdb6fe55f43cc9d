import Foundation
import Testing

/// With small numbers: what is measured here says nothing, but that it ends, and with which figures.
@Suite("benches", .timeLimit(.minutes(30)))
struct BenchTests {
  private static let load = [
    "bench", "messages_per_s", "window", "rate", "p50_us", "p99_us", "p999_us", "max_us",
    "server_cpu_percent", "server_cpu_us_per_message", "syscalls_per_message",
    "syncs_per_message", "reads_per_message", "writes_per_message", "wakeups_per_message",
    "rss_mb",
  ]
  private static let send = load + ["connections", "service"]
  private static let chat = load + ["users", "group_of", "projection_lag_s"]
  private static let delivered = [
    "delivered_p50_us", "delivered_p99_us", "delivered_p999_us", "delivered_max_us",
  ]
  private static let idle = [
    "bench", "connections", "in_flight", "logins_per_s", "known_logins_per_s",
    "server_cpu_us_per_login", "server_cpu_us_per_known_login", "rss_kb_per_connection",
    "settled_rss_kb_per_connection", "tls", "web_socket", "churn",
  ]
  private static let memory = [
    "bench", "sessions", "pushed_mb_each", "message_bytes", "session_bytes_max", "rss_before_kb",
    "rss_after_kb", "grown_kb_per_session",
  ]

  static let runs: [(arguments: [String], fields: [String])] = [
    (["send", "--connections", "2", "--groups", "2", "--warm-up", "0", "--seconds", "1"], send),
    (
      [
        "send", "--service", "--connections", "2", "--rate", "40", "--warm-up", "1", "--seconds",
        "1",
      ], send
    ),
    (["chat", "--users", "4", "--messages", "20"], chat + delivered),
    (["chat", "--users", "6", "--group-of", "3", "--messages", "20"], chat),
    (
      ["chat", "--users", "4", "--rate", "40", "--warm-up", "0", "--seconds", "1"],
      chat + delivered
    ),
    (
      ["chat", "--users", "4", "--group-of", "4", "--rate", "40", "--seconds", "1"], chat
    ),
    (
      [
        "chat", "--users", "4", "--rate", "40", "--warm-up", "0", "--seconds", "1",
        "--drop-refused", "--server-cores", "1",
      ], chat + ["refused_per_s"]
    ),
    (["memory", "--sessions", "10", "--megabytes", "1", "--session-bytes-max", "32768"], memory),
    (["idle", "--connections", "20", "--in-flight", "4", "--seconds", "0"], idle),
    (
      [
        "idle", "--connections", "20", "--in-flight", "4", "--seconds", "0", "--ws", "--tls",
      ], idle
    ),
    (
      [
        "idle", "--connections", "20", "--in-flight", "4", "--seconds", "0", "--tls", "--churn",
        "50",
      ], idle + ["churned_rss_kb_per_connection"]
    ),
  ]

  @Test("it ends, and prints its figures, each of which the page explains", arguments: runs.indices)
  func ends(index: Int) async throws {
    let (arguments, fields) = BenchTests.runs[index]
    let folder = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let output = try await Program.succeed(
      ["bench"] + arguments
        + ["--runs", "1", "--partitions", "2", "--folder", folder.path, "--json"])
    let result = try #require(try output.objects().last)
    #expect(Set(result.keys) == Set(fields))
    let page = try String(contentsOf: BenchTests.page, encoding: .utf8)
    for field in result.keys { #expect(page.contains("`\(field)`"), "\(field)") }
    for field in result.keys
    where field != "refused_per_s" && field.hasSuffix("_per_s") || field.hasSuffix("_us") {
      #expect((result[field] as? Double ?? 0) > 0, "\(field)")
    }
    // Its own server has no news, and nothing is left behind.
    let lines = output.errors.split(separator: "\n")
    #expect(lines.count == 1 && lines.first?.hasPrefix("run 1 of 1: ") == true, "\(output.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  private static let page = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../benchmarks/README.md")

  @Test("a rate is offered for its time: another number of messages is a contradiction")
  func contradiction() async throws {
    let output = try await Program.run(["bench", "chat", "--rate", "5", "--messages", "5"])
    #expect(output.status == 64 && output.errors.contains("--messages"), "\(output.errors)")
  }
}

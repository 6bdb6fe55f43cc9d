import Doubles
import Foundation
import Testing

/// Beside the tests of Gateway: another's implementation, against the program.
@Suite("the program over WebSocket", .timeLimit(.minutes(30)))
struct WebSocketTests {
  private static let python = ProcessInfo.processInfo.environment["DAYBOOK_WEBSOCKET_PYTHON"]
  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures/websocket/client.py").path

  /// Where it listens for them, by its second line.
  private func port(_ server: TestServer) async throws -> String {
    while true {
      try #require(server.isRunning)
      let lines = server.output.split(separator: "\n")
      if lines.count > 1 {
        try #require(lines[1].hasSuffix(" (ws)"), "\(lines[1])")
        return String(try #require(lines[1].dropLast(5).split(separator: ":").last))
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test(
    "what wsproto, which knows nothing of Daybook, expects of a server holds",
    .enabled(if: python != nil, "ops/websocket installs wsproto"))
  func wsproto() async throws {
    let server = try await TestServer()
    try await server.start(["--ws", "127.0.0.1:0"])
    let token = try await server.token(user: "alice", device: "tab")
    let output = server.folder.appending(path: "python").path
    let client = try ChildProcess(
      try #require(WebSocketTests.python),
      [WebSocketTests.script, "127.0.0.1", try await port(server), token], output: output,
      errors: output)
    while client.isRunning { try await Task.sleep(for: .milliseconds(20)) }
    let said = try String(contentsOfFile: output, encoding: .utf8)
    #expect(client.status == 0 && said.hasPrefix("ok: "), "\(said)")
    #expect(!server.errors.contains(token))
    #expect(await server.stop()?.status == 0)
  }

  @Test("--ws-origin without --ws makes no sense")
  func alone() async throws {
    let output = try await Program.run(
      ["serve", "--data", "/nowhere", "--ws-origin", "https://a.org"])
    #expect(output.status == 64 && output.errors.contains("--ws"))
  }
}

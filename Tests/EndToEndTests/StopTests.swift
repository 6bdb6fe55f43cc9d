import Foundation
import Testing

@Suite("stopping a server", .timeLimit(.minutes(30)))
struct StopTests {
  @Test("a signal to stop ends a server in order", arguments: [SIGTERM, SIGINT])
  func signals(number: Int32) async throws {
    let server = try await TestServer()
    try await server.start()
    let output = try #require(await server.stop(by: number))
    #expect(output.status == 0)
    #expect(output.errors.hasSuffix(" info     stopped\n"), "\(output.errors)")
  }

  @Test("a server that stops beside somebody who is connected says nothing of it that sounds wrong")
  func connected() async throws {
    let server = try await TestServer()
    try await server.start()
    let bob = try await Device("bob", "phone", server)
    try await bob.open()
    let output = try #require(await server.stop())
    await bob.close()
    #expect(!output.errors.contains(" error ") && !output.errors.contains(" warning "))
  }

  @Test("what is logged is objects a line, or less of it, where that is asked for")
  func logs() async throws {
    let server = try await TestServer()
    try await server.start(["--log-format", "json"])
    let output = try #require(await server.stop())
    let lines = try output.errors.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    #expect(lines.last?["message"] as? String == "stopped")
    #expect(lines.allSatisfy { $0["level"] as? String == "info" && $0["module"] != nil })
    try await server.start(["--log-level", "warning"])
    #expect(await server.stop()?.errors == "")
  }

  @Test("a start replays what came since the last stop in order, and no more")
  func replayed() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await server.chat("bob", "/to alice", "one", "two", "three")
    _ = await server.stop()
    try await server.start()
    let output = try #require(await server.stop())
    #expect(output.errors.contains(": 0 events replayed"), "\(output.errors)")
    // Without the snapshots, everything.
    try FileManager.default.removeItem(atPath: "\(server.data)/state")
    try FileManager.default.createDirectory(
      atPath: "\(server.data)/state", withIntermediateDirectories: false)
    try await server.start()
    let anew = try #require(await server.stop())
    #expect(!anew.errors.contains(": 0 events replayed"), "\(anew.errors)")
  }

  @Test("under nohup a server lives on when its terminal hangs up")
  func nohup() async throws {
    let server = try await TestServer()
    try await server.start(shell: #"trap "" HUP; exec "$0" "$@""#)
    server.signal(SIGHUP)
    _ = try await server.chat("bob", "/to alice", "still there")
    let output = try #require(await server.stop())
    #expect(output.status == 0)
  }

  @Test("a server that is told to stop while it starts ends in order, and never listens")
  func whileStarting() async throws {
    let server = try await TestServer()
    // It waits for the secret, until somebody writes to the pipe that is in its place.
    let path = URL(fileURLWithPath: server.data).appendingPathComponent("secret").path
    let secret = try String(contentsOfFile: path, encoding: .utf8)
    try FileManager.default.removeItem(atPath: path)
    try #require(mkfifo(path, 0o600) == 0)
    let starting = try Running(["serve", "--data", server.data, "--tcp", "127.0.0.1:0"])
    func until(_ isThere: Bool) async throws {
      while starting.handles(SIGTERM) != isThere {
        try #require(starting.isRunning, "it ended: \(starting.text("err"))")
        await Task.yield()
      }
    }
    try await until(true)
    starting.signal(SIGTERM)
    // A handler is taken away as soon as it is called.
    try await until(false)
    let pipe = try #require(FileHandle(forWritingAtPath: path))
    try pipe.write(contentsOf: Data(secret.utf8))
    try pipe.close()
    let output = await starting.finished()
    #expect(output.status == 0, "\(output.errors)")
    #expect(output.text.isEmpty)
    #expect(output.errors.hasSuffix(" info     stopped\n"), "\(output.errors)")
  }
}

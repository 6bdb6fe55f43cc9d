import Foundation
import Testing

@Suite("stopping a server", .timeLimit(.minutes(5)))
struct StopTests {
  @Test("a signal to stop ends a server in order", arguments: [SIGTERM, SIGINT, SIGHUP])
  func signals(number: Int32) async throws {
    let server = try await TestServer()
    try await server.start()
    let output = try #require(await server.stop(by: number))
    #expect(output.status == 0)
    #expect(output.errors.hasSuffix("daybook: stopped\n"))
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
    try await server.start()
    // It waits for the folder, which is in use, for two seconds.
    let second = try Running(["serve", "--data", server.data, "--tcp", "127.0.0.1:0"])
    while !second.handles(SIGTERM) {
      try #require(second.isRunning, "it ended: \(second.text("err"))")
      await Task.yield()
    }
    second.signal(SIGTERM)
    let output = await second.finished()
    #expect(output.status == 0)
    #expect(output.text.isEmpty)
    await server.stop()
  }
}

import DaybookSDK
import Doubles
import Foundation
import Testing

/// Twenty kills as a test, a hundred in `ops/prove kill`. The client that is killed is the example of
/// README, which sends lines.
@Suite("kill -9 of a client with an outbox", .timeLimit(.minutes(60)))
struct OutboxKillTests {
  static let linesARound = 5

  /// The example, with lines as they are given to it.
  final class Courier {
    private let process: ChildProcess
    private let output: URL
    private let lines: FileHandle

    init(_ server: TestServer, _ token: String, round: Int) throws {
      let input = server.folder.appendingPathComponent("lines-\(round)").path
      output = server.folder.appendingPathComponent("out-\(round)")
      try #require(mkfifo(input, 0o600) == 0)
      // Both ends, so that neither waits for the other; not for the example, whose input would never
      // end.
      let descriptor = open(input, O_RDWR | O_CLOEXEC)
      try #require(descriptor >= 0)
      lines = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      var environment = ProcessInfo.processInfo.environment
      environment["DAYBOOK_TOKEN"] = token
      process = try ChildProcess(
        Program.folder.appending(path: "Courier").path,
        [server.address, "ben", server.folder.appendingPathComponent("outbox").path],
        environment: environment, input: input, output: output.path,
        errors: server.folder.appendingPathComponent("err-\(round)").path)
    }

    /// Gives it all lines from the first on: it passes over those that it has taken before.
    func supply(_ count: Int) throws {
      let text = (1...count).map { "m\($0)\n" }.joined()
      try lines.write(contentsOf: Data(text.utf8))
    }

    func end() throws { try lines.close() }

    private var told: [Substring] {
      let text = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
      // The last line may be half written.
      return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }

    /// How many messages of earlier runs it found, once it is connected.
    func connected() async throws -> Int {
      while true {
        if let line = told.first { return try #require(Int(line.prefix { $0 != " " })) }
        try #require(process.isRunning, "it ended")
        try await Task.sleep(for: .milliseconds(2))
      }
    }

    func takes(_ count: Int) async throws {
      while told.count < 1 + count {
        try #require(process.isRunning, "it ended")
        try await Task.sleep(for: .milliseconds(2))
      }
    }

    func kill() async throws {
      process.signal(SIGKILL)
      #expect(await finished() == SIGKILL)
    }

    func finished() async -> Int32 {
      while true {
        if let status = process.status { return status }
        try? await Task.sleep(for: .milliseconds(2))
      }
    }
  }

  @Test("what it had taken when it was killed is stored, once and in order")
  func kills() async throws {
    let kills =
      ProcessInfo.processInfo.environment["DAYBOOK_OUTBOX_KILLS"].flatMap { Int($0) } ?? 20
    let server = try await TestServer()
    try await server.start()
    let token = try await server.token(user: "ann", device: "phone")
    var wasFrozen = false
    for round in 1...kills {
      let courier = try Courier(server, token, round: round)
      let unsent = try await courier.connected()
      // A server that stands still answers nothing: the kill came between send and ack.
      if wasFrozen { #expect(unsent > 0, "round \(round)") }
      wasFrozen = round % 2 == 1
      if wasFrozen { try await server.freeze() }
      try courier.supply(OutboxKillTests.linesARound * round)
      try await courier.takes(Int.random(in: 1...OutboxKillTests.linesARound))
      try await courier.kill()
      if wasFrozen { server.signal(SIGCONT) }
    }
    let all = OutboxKillTests.linesARound * kills
    let last = try Courier(server, token, round: kills + 1)
    try last.supply(all)
    try last.end()
    #expect(await last.finished() == 0)
    let output = try await Program.succeed([
      "history", "--data", server.data, "--user", "ben", "--with", "ann", "--limit", "1000000",
      "--json",
    ])
    let texts = try output.objects().map { $0["text"] as? String ?? "" }
    #expect(texts == (1...all).map { "m\($0)" })
    await server.stop()
  }
}

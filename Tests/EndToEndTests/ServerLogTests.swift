import Doubles
import Foundation
import Testing

@Suite("what a server logs", .timeLimit(.minutes(30)))
struct ServerLogTests {
  private typealias Line = (level: String, message: String, facts: [String: Any])

  private func lines(_ output: Program.Output?) throws -> [Line] {
    try #require(output).errors.split(separator: "\n").map { line in
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      return (
        object["level"] as? String ?? "", object["message"] as? String ?? "",
        object["metadata"] as? [String: Any] ?? [:]
      )
    }
  }

  @Test("who connects and goes, and who is refused and why, with session and address")
  func sessions() async throws {
    let server = try await TestServer(partitions: 2)
    let other = try await TestServer(partitions: 2)
    try await server.start(["--log-format", "json"])
    _ = try await server.chat("alice", "/to bob", "hello")
    let foreign = try await other.token(user: "alice", device: "phone")
    let good = try await server.token(user: "alice", device: "phone")
    let wrong = String(good.dropLast(4)) + (good.hasSuffix("AAAA") ? "BBBB" : "AAAA")
    for token in [foreign, wrong, "nonsense"] {
      let output = try await Program.run(["chat", "--server", server.address, "--token", token])
      #expect(output.status == 1)
    }
    let lines = try lines(await server.stop())
    let comings = lines.filter { $0.message.contains("alice (phone) has") }
    #expect(comings.map(\.message) == ["alice (phone) has connected", "alice (phone) has gone"])
    for line in comings {
      #expect(line.level == "info" && line.facts["user"] as? String == "alice")
      #expect((line.facts["address"] as? String)?.hasPrefix("127.0.0.1:") == true)
      #expect((line.facts["session"] as? String)?.isEmpty == false)
    }
    let refused = lines.filter { $0.message.hasPrefix("a client was refused") }
    #expect(
      refused.map { $0.facts["code"] as? String } == [
        "foreign_token", "invalid_token", "invalid_token",
      ])
    #expect(refused.allSatisfy { $0.level == "notice" && $0.facts["address"] != nil })
    #expect(refused.last?.message.contains("for it is not three parts with dots between") == true)
    #expect(refused.allSatisfy { !$0.message.contains("JWT") })
    #expect(lines.first?.message.contains("starts on") == true)
    #expect(lines.contains { $0.message.hasPrefix("clients can connect to ") })
  }

  @Test("SIGUSR1 logs how things stand, and ends nothing; SIGUSR2 does nothing")
  func status() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "hello")
    server.signal(SIGUSR2)
    server.signal(SIGUSR1)
    while !server.errors.contains("connections, ") {
      try #require(server.isRunning, "\(server.errors)")
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(server.errors.contains(" events in 2 partitions, epoch 1"), "\(server.errors)")
    #expect(await server.stop()?.status == 0)
  }

  @Test("a folder that others can see is closed to them, and that is said")
  func privacy() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "hello")
    _ = await server.stop()
    func modes() throws -> [String: Int] {
      let names = try FileManager.default.subpathsOfDirectory(atPath: server.data) + ["."]
      return Dictionary(
        uniqueKeysWithValues: try names.map { name in
          let facts = try FileManager.default.attributesOfItem(atPath: "\(server.data)/\(name)")
          return (name, facts[.posixPermissions] as? Int ?? 0)
        })
    }
    // As `cp -r` leaves it.
    for (name, mode) in try modes() where name != "secret" {
      try FileManager.default.setAttributes(
        [.posixPermissions: mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6],
        ofItemAtPath: "\(server.data)/\(name)")
    }
    #expect(try modes().values.contains { $0 & 0o077 != 0 })
    try await server.start()
    let output = try #require(await server.stop())
    #expect(output.errors.contains("others on this machine could see"), "\(output.errors)")
    #expect(try modes().filter { $0.value & 0o077 != 0 }.isEmpty)
    try await server.start()
    let again = try #require(await server.stop())
    #expect(!again.errors.contains("others on this machine"), "\(again.errors)")
    // What others may have read is no secret any more: that is not mended in silence.
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: "\(server.data)/secret")
    let refused = try await Program.run(["serve", "--data", server.data])
    #expect(refused.status == 1 && refused.errors.contains("secret"), "\(refused.errors)")
  }
}

import Foundation
import Testing

@Suite("A data folder of an earlier format", .timeLimit(.minutes(30)))
struct FormatTests {
  /// Made by the last program of format 1: four messages between alice and bob, two partitions.
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/format-1")

  /// With the modes that a data folder has, which a checkout doesn't keep.
  private func copy(to server: TestServer) throws {
    let files = FileManager.default
    try files.removeItem(atPath: server.data)
    try files.copyItem(atPath: Self.folder.path, toPath: server.data)
    try files.setAttributes([.posixPermissions: 0o700], ofItemAtPath: server.data)
    try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: server.data + "/secret")
  }

  private func texts(_ server: TestServer) async throws -> [String] {
    try await server.objects(["history", "--user", "alice", "--with", "bob"])
      .compactMap { $0["text"] as? String }
  }

  @Test("it is read as it is, raised once by the server, and goes on")
  func raised() async throws {
    let server = try await TestServer()
    try copy(to: server)
    let manifest = URL(fileURLWithPath: server.data).appending(path: "log/manifest.json")
    let old = try String(contentsOf: manifest, encoding: .utf8)
    #expect(try await texts(server) == ["hello", "old", "log", "back"])
    #expect(try String(contentsOf: manifest, encoding: .utf8) == old)
    for round in 1...2 {
      try await server.start()
      _ = try await server.chat("alice", "/to bob", "new \(round)")
      let output = try #require(await server.stop())
      #expect(output.errors.contains("raised the log from format 1 to 2") == (round == 1))
    }
    #expect(try String(contentsOf: manifest, encoding: .utf8).contains("\"raised_at\": \"10 9\""))
    #expect(try await texts(server) == ["hello", "old", "log", "back", "new 1", "new 2"])
    try await Program.succeed(["log", "verify", "--data", server.data])
  }

  @Test("one in which a digit of the partition count changed is refused, and left as it is")
  func partitionCount() async throws {
    let server = try await TestServer()
    for count in ["1", "3", "6"] {
      try copy(to: server)
      let manifest = URL(fileURLWithPath: server.data).appending(path: "log/manifest.json")
      let text = try String(contentsOf: manifest, encoding: .utf8)
        .replacing("\"partitions\": 2", with: "\"partitions\": \(count)")
      try text.write(to: manifest, atomically: true, encoding: .utf8)
      let refused = try await Program.run(["serve", "--data", server.data, "--tcp", "127.0.0.1:0"])
      #expect(refused.status == 1 && refused.errors.contains("log_corrupt"), "\(refused.errors)")
      #expect(try String(contentsOf: manifest, encoding: .utf8) == text)
    }
  }
}

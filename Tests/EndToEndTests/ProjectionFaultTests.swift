import Foundation
import Testing

@Suite("projections that are damaged or can't be made", .timeLimit(.minutes(30)))
struct ProjectionFaultTests {
  @Test("verify names a damaged one and leaves it as it is; a rebuild brings it back")
  func verify() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "hello")
    await server.stop()
    let verify = ["projection", "verify", "--data", server.data]
    try await Program.succeed(verify)
    let file = URL(fileURLWithPath: "\(server.data)/projections/unread.sqlite")
    let damaged = try Data(contentsOf: file).prefix(5_000)
    try damaged.write(to: file)
    // What stands in there would count instead.
    for suffix in ["-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: file.path + suffix)
    }
    for _ in 0..<2 {
      let output = try await Program.run(verify + ["--json"])
      #expect(output.status == 1)
      #expect(output.errors.contains("projections/unread.sqlite: "))
      #expect(output.errors.contains("'daybook projection rebuild'"))
      let verdicts = try output.objects()
      #expect(verdicts.count == 5)
      #expect(
        verdicts.filter { $0["ok"] as? Bool == false }.map { $0["name"] as? String } == ["unread"])
      #expect(try Data(contentsOf: file) == damaged)
    }
    try await Program.succeed(["projection", "rebuild", "--data", server.data])
    try await Program.succeed(verify)
  }

  @Test("files that are cut while a server maps them end nothing, and are made anew")
  func cut() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "one")
    let folder = "\(server.data)/projections"
    let mapped = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix("-shm") }
    #expect(mapped.count == 5)
    for name in mapped { try #require(truncate("\(folder)/\(name)", 0) == 0) }
    _ = try await server.chat("alice", "/to bob", "two")
    // What went while the answer was sought is there when it is asked for again.
    var counts: [[String: Any]] = []
    while counts.isEmpty {
      try #require(server.isRunning)
      let output = try await Program.run(
        ["unread", "--data", server.data, "--user", "bob", "--json"])
      if output.status == 0 { counts = try output.objects() }
    }
    #expect(counts.map { $0["unread"] as? Int } == [2])
    let output = try #require(await server.stop())
    #expect(output.status == 0)
    #expect(output.errors.contains("is made anew from the log"))
    try await Program.succeed(["projection", "verify", "--data", server.data])
  }

  @Test("a server whose projections can't be made serves all else, and says why")
  func notMade() async throws {
    let server = try await TestServer(partitions: 2)
    let folder = "\(server.data)/projections"
    try FileManager.default.removeItem(atPath: folder)
    try Data().write(to: URL(fileURLWithPath: folder))
    try await server.start()
    let bob = try await server.token(user: "bob", device: "phone")
    let sent = try await Program.run(
      ["chat", "--server", server.address, "--token", bob], input: "/to alice\nhello\n")
    #expect(server.isRunning)
    #expect(!sent.errors.contains("Fatal"))
    try FileManager.default.removeItem(atPath: folder)
    let shown = try await server.chat("alice", "/to bob", "hi")
    #expect(shown.contains("hello"))
    let output = try #require(await server.stop())
    #expect(output.status == 0)
    #expect(output.errors.contains("\(folder): File exists"))
  }
}

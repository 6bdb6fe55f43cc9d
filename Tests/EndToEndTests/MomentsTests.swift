import Foundation
import Testing

@Suite("a copy of different moments", .timeLimit(.minutes(30)))
struct MomentsTests {
  /// A stopped folder of two partitions, of which the first is as it was some messages ago.
  private func mixed() async throws -> TestServer {
    let server = try await TestServer(partitions: 2)
    func talk(_ text: String) async throws {
      try await server.start()
      for (user, peer) in [("alice", "bob"), ("bob", "carol"), ("carol", "dave")] {
        _ = try await server.chat(user, "/to \(peer)", text)
        _ = try await server.chat(peer, "/to \(user)", text)
      }
      await server.stop()
    }
    try await talk("before")
    let files = FileManager.default
    let (log, older) = ("\(server.data)/log/0", "\(server.folder.path)/older")
    try files.copyItem(atPath: log, toPath: older)
    try await talk("after")
    try files.removeItem(atPath: log)
    try files.moveItem(atPath: older, toPath: log)
    // What is made from the log would tell that it has lost its end.
    for name in ["state", "projections"] {
      let path = "\(server.data)/\(name)"
      try files.removeItem(atPath: path)
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    return server
  }

  @Test("serve refuses it, verify and dump tell it, and all name the partition that is behind")
  func told() async throws {
    let server = try await mixed()
    let served = try await Program.run(
      ["serve", "--data", server.data, "--tcp", "127.0.0.1:0"])
    #expect(served.status == 1 && served.errors.contains("log_rolled_back"))
    #expect(served.errors.contains("--read-only-partitions 0"))

    let verified = try await Program.run(["log", "verify", "--data", server.data, "--json"])
    #expect(verified.status == 1)
    let summary = try #require(try verified.objects().last)
    let faults = try #require(summary["faults"] as? [[String: Any]])
    #expect(summary["ok"] as? Bool == false)
    #expect(faults.count == 1 && faults.first?["partition"] as? Int == 0)
    #expect((faults.first?["reason"] as? String)?.contains("different moments") == true)
    let text = try await Program.run(["log", "verify", "--data", server.data])
    #expect(text.status == 1 && text.text.hasPrefix("partition 0, from offset "))

    let dumped = try await Program.run(["log", "dump", "--data", server.data])
    #expect(dumped.status == 1)
    #expect(dumped.errors.contains("different moments: partition 0 ends at offset "))
  }

  @Test("served with the one that is behind read-only, it is still told, and says so to verify")
  func readOnly() async throws {
    let server = try await mixed()
    try await server.start(["--read-only-partitions", "0"])
    let verified = try await Program.run(["log", "verify", "--data", server.data])
    #expect(verified.status == 1 && verified.text.contains("different moments"))
    await server.stop()
  }
}

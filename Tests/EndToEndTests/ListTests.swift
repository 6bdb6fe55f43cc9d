import Foundation
import Testing

@Suite("lists", .timeLimit(.minutes(30)))
struct ListTests {
  @Test("users, groups and streams are listed, of a running and of a stopped server")
  func lists() async throws {
    let server = try await TestServer(partitions: 4)
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "hello")
    _ = try await server.chat("zoe", "/create team", "hi", "/create gone", "/dissolve")
    for isRunning in [true, false] {
      if !isRunning { await server.stop() }
      let users = try await server.objects(["user", "list"])
      #expect(users.map { $0["user"] as? String } == ["alice", "bob", "zoe"])
      #expect(users.map { $0["devices"] as? Int } == [1, 0, 1])
      #expect(users[0]["last_seen"] is String && users[1]["last_seen"] is NSNull)
      let groups = try await server.objects(["group", "list"])
      #expect(groups.map { $0["group"] as? String } == ["gone", "team"])
      #expect(groups.map { $0["members"] as? Int } == [0, 1])
      #expect(groups[0]["dissolved_at"] is String && groups[1]["dissolved_at"] is NSNull)
      let streams = try await server.objects(["stream", "list"])
      #expect(
        streams.map { $0["stream"] as? String } == [
          "group/gone", "group/team", "user/alice", "user/bob", "user/zoe",
        ])
      #expect(streams.allSatisfy { (0..<4).contains($0["partition"] as? Int ?? -1) })
      let events = try await server.objects(["log", "dump"])
      for stream in streams {
        let own = events.filter { $0["stream"] as? String == stream["stream"] as? String }
        #expect(own.compactMap { $0["seq"] as? Int }.max() == stream["head"] as? Int)
        #expect(Set(own.map { $0["partition"] as? Int }) == [stream["partition"] as? Int])
      }
      for command in [["user", "list"], ["group", "list"], ["stream", "list"]] {
        let text = try await Program.succeed(command + ["--data", server.data])
        #expect(text.lines.count > 2)
      }
    }
  }

  @Test("of more than a page everything is listed, once")
  func pages() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let token = try await server.token(user: "alice", device: "phone")
    let names = (0..<1_001).map { "u\($0)" }
    let lines = names.map { "/to \($0)\nx\n" }.joined() + "/quit\n"
    try await Program.succeed(["chat", "--server", server.address, "--token", token], input: lines)
    let listed = try await server.objects(["user", "list"]).compactMap { $0["user"] as? String }
    #expect(Set(listed) == Set(names + ["alice"]) && listed.count == 1_002)
    await server.stop()
  }

  @Test("the log is followed: what comes is printed, with what was said if that is asked for")
  func follow() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "before")
    let dump = ["log", "dump", "--data", server.data, "--json", "--follow"]
    let following = try Running(dump + ["--contents"])
    let silent = try Running(dump)
    func texts() -> [String] {
      following.text().split(separator: "\n").compactMap { line in
        let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return object?["text"] as? String
      }
    }
    _ = try await server.chat("alice", "/to bob", "after")
    while texts().count < 4 { try await Task.sleep(for: .milliseconds(5)) }
    // The message, and its sender's copy.
    #expect(texts().sorted() == ["after", "after", "before", "before"])
    _ = try await server.chat("carol", "/to bob", "and this")
    while texts().count < 6 || !silent.text().contains("carol") {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(!silent.text().contains("and this"))
    following.signal(SIGTERM)
    silent.signal(SIGTERM)
    await server.stop()
    let shown = try await Program.succeed(["log", "dump", "--data", server.data, "--contents"])
    #expect(shown.text.contains("and this"))
  }
}

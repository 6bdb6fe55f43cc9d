import Foundation
import Testing

@Suite("sending from scripts", .timeLimit(.minutes(30)))
struct SendTests {
  @Test("a device and a service send, by argument and by pipe, and the id printed is the message's")
  func send() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let device = try await server.token(user: "alice", device: "script")
    let service = try await server.token(service: "shop")
    func send(
      _ token: String, _ arguments: String..., input: String = ""
    ) async throws -> Program.Output {
      try await Program.run(
        ["send", "--server", server.address, "--token", token] + arguments, input: input)
    }
    let first = try await send(device, "--to", "bob", "two", "words")
    let second = try await send(service, "--to", "bob", "--as", "alice", input: "from\na pipe\n")
    let third = try await send(
      service, "--to", "bob", "--as", "alice", "--json", "--", "--not-an-option")
    #expect(first.status == 0 && second.status == 0 && third.status == 0, "\(third.errors)")
    let history = try await server.objects(["history", "--user", "bob", "--with", "alice"])
    #expect(
      history.map { $0["text"] as? String } == ["two words", "from\na pipe", "--not-an-option"])
    let ids = history.compactMap { $0["message_id"] as? String }
    #expect(first.text == ids[0] + "\n" && second.text == ids[1] + "\n")
    let object = try #require(try third.objects().first)
    #expect(object["message_id"] as? String == ids[2] && object["repeated"] as? Bool == false)
    #expect(object["recorded_at"] as? String == history[2]["recorded_at"] as? String)

    let answer = try await send(device, "--to", "bob", "--reply-to", ids[0], "yes")
    #expect(answer.status == 0, "\(answer.errors)")
    let last = try await server.objects(["history", "--user", "bob", "--with", "alice"]).last
    #expect(last?["reply_to"] as? String == ids[0])
    await server.stop()
  }

  @Test("what is sent again under its key is stored once, and answered the same")
  func key() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let service = try await server.token(service: "shop")
    let command = [
      "send", "--server", server.address, "--token", service, "--as", "shop", "--to", "bob",
      "--key", "order 17", "your order is on its way",
    ]
    let first = try await Program.succeed(command)
    let again = try await Program.succeed(command + ["--json"])
    let object = try #require(try again.objects().first)
    #expect(object["message_id"] as? String == first.text.trimmingCharacters(in: .newlines))
    #expect(object["repeated"] as? Bool == true)
    let history = try await server.objects(["history", "--user", "bob", "--with", "shop"])
    #expect(history.count == 1)
    let other = try await Program.run(command.dropLast() + ["something else"])
    #expect(other.status == 1 && other.errors.contains("number_conflict"), "\(other.errors)")
    await server.stop()
  }

  @Test(
    "a key is for one message: within a partition another under it is told, in two nobody knows")
  func keyOfAnother() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let service = try await server.token(service: "shop")
    func send(_ to: String, _ key: String) async throws -> Program.Output {
      try await Program.run(
        [
          "send", "--server", server.address, "--token", service, "--as", "shop", "--to", to,
          "--key",
          key, "hello",
        ])
    }
    for number in 0..<8 { _ = try await send("u\(number)", "first \(number)") }
    let streams = try await server.objects(["stream", "list"]).filter {
      ($0["stream"] as? String)?.hasPrefix("user/u") == true
    }
    let users = Dictionary(grouping: streams) { $0["partition"] as? Int ?? -1 }
      .mapValues { $0.compactMap { ($0["stream"] as? String)?.dropFirst(5) }.map(String.init) }
    let (one, other) = (try #require(users[0]), try #require(users[1]))
    try #require(one.count >= 2 && !other.isEmpty)
    #expect(try await send(one[0], "again").status == 0)
    let conflict = try await send(one[1], "again")
    #expect(conflict.status == 1 && conflict.errors.contains("number_conflict"))
    #expect(try await send(other[0], "again").status == 0)
    await server.stop()
  }

  @Test("of a receiver who never was here a service is told once, and the message waits")
  func stranger() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let service = try await server.token(service: "shop")
    let send = [
      "send", "--server", server.address, "--token", service, "--as", "shop", "--to", "zorro",
    ]
    let first = try await Program.succeed(send + ["hello"])
    #expect(first.errors.contains("nobody called 'zorro' has been here yet"), "\(first.errors)")
    #expect(UInt64(first.text.trimmingCharacters(in: .newlines)) != nil)
    #expect(try await Program.succeed(send + ["again"]).errors.isEmpty)
    let told = try await Program.succeed(["unread", "--data", server.data, "--user", "zorro"])
    #expect(told.text.contains("user/shop"))
    await server.stop()
  }

  @Test("what can't be sent is told, and the exit code says so")
  func refused() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let device = try await server.token(user: "alice", device: "script")
    let service = try await server.token(service: "shop")
    for (token, arguments, input, status, name) in [
      (device, ["--group", "nowhere", "x"], "", 1, "group_not_found"),
      (service, ["--to", "bob", "x"], "", 64, "invalid_argument"),
      (device, ["--to", "bob", "--as", "carl", "x"], "", 64, "invalid_argument"),
      (device, ["--to", "bob"], "", 64, "invalid_argument"),
      (device, ["x"], "", 64, "invalid_argument"),
      (device, ["--to", "bob", "--group", "g", "x"], "", 64, "invalid_argument"),
      (device, ["--to", "b/b", "x"], "", 64, "invalid_argument"),
      (device, ["--to", "bob"], String(repeating: "x", count: 65_537), 1, "content_too_large"),
      ("nonsense", ["--to", "bob", "x"], "", 1, "invalid_token"),
    ] as [(String, [String], String, Int32, String)] {
      let output = try await Program.run(
        ["send", "--server", server.address, "--token", token] + arguments, input: input)
      #expect(output.status == status && output.text.isEmpty, "\(arguments)")
      #expect(output.errors.hasPrefix("daybook: \(name): "), "\(arguments) \(output.errors)")
    }
    let address = server.address
    await server.stop()
    let output = try await Program.run(
      ["send", "--server", address, "--token", device, "--to", "bob", "--json", "x"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(output.errors.utf8)) as? [String: Any])
    #expect(object["error"] as? String == "unreachable" && output.status == 1)
  }
}

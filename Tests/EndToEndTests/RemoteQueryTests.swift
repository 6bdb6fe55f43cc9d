import Foundation
import Testing

@Suite("questions to a running server", .timeLimit(.minutes(30)))
struct RemoteQueryTests {
  /// People, groups, and what they do with each other.
  private func world() async throws -> TestServer {
    let server = try await TestServer(partitions: 4)
    try await server.start()
    _ = try await server.chat("bob", device: "laptop", "/quit")
    _ = try await server.chat(
      "alice", "/to bob", "hello", "are you there?", "/edit are you here?", "/create team",
      "hi all",
      "/invite zoe", "/to carol", "one", "two", "/block mallory")
    _ = try await server.chat("bob", device: "laptop", "/join team", "yes", "/react 1 🎂", "/leave")
    _ = try await server.chat("carol", "/join team", "me too", "/create gone", "/dissolve")
    await server.stop()
    // All sessions have ended, and nothing more is logged of them.
    try await server.start()
    return server
  }

  private let questions = [
    ["history", "--user", "alice", "--with", "bob"],
    ["history", "--user", "bob", "--with", "alice", "--limit", "1", "--ids"],
    ["history", "--group", "team"], ["history", "--group", "gone"],
    ["history", "--group", "nowhere"], ["history", "--user", "nobody", "--with", "alice"],
    ["unread", "--user", "bob"], ["unread", "--user", "nobody"],
    ["offline", "--user", "bob", "--device", "laptop"],
    ["offline", "--user", "bob", "--device", "none"], ["group", "show", "team"],
    ["group", "show", "gone"], ["group", "show", "nowhere"], ["user", "show", "alice"],
    ["user", "show", "bob"], ["user", "show", "nobody"], ["user", "list"], ["group", "list"],
    ["stream", "list"],
  ]

  @Test("a service is told what the folder says, in the same words")
  func service() async throws {
    let server = try await world()
    let token = try await server.token(service: "operator")
    for question in questions {
      for form in [[], ["--json"]] {
        let here = try await Program.run(question + form + ["--data", server.data])
        let there = try await Program.run(
          question + form + ["--server", server.address, "--token", token])
        #expect(there.text == here.text, "\(question)")
        #expect(there.status == here.status, "\(question) \(there.errors)")
        let names = [here, there].map { $0.errors.split(separator: ":").prefix(2) }
        #expect(names[0] == names[1] || !form.isEmpty, "\(here.errors) \(there.errors)")
      }
    }
    for conversation in [["--user", "alice", "--with", "bob"], ["--group", "team"]] {
      let history = try await server.objects(["history"] + conversation)
      let id = try #require(history.first?["message_id"] as? String)
      let question = ["receipts"] + conversation + ["--message", id]
      let here = try await Program.succeed(question + ["--data", server.data])
      let there = try await Program.succeed(
        question + ["--server", server.address, "--token", token])
      #expect(there.text == here.text && !here.text.isEmpty)
    }
    await server.stop()
  }

  @Test("a device is told of its own user and groups, and of nobody else")
  func device() async throws {
    let server = try await world()
    let token = try await server.token(user: "carol", device: "phone")
    let surroundings = ["DAYBOOK_SERVER": server.address, "DAYBOOK_TOKEN": token]
    for question in [
      ["history", "--user", "carol", "--with", "alice"], ["unread", "--user", "carol"],
      ["offline", "--user", "carol", "--device", "phone"], ["user", "show", "carol"],
      ["history", "--group", "team"], ["group", "show", "team"],
      // Who asks is said by the token.
      ["history", "--with", "alice"], ["unread"], ["offline"], ["user", "show"],
    ] {
      let output = try await Program.run(question, environment: surroundings)
      #expect(output.status == 0 && output.lines.count > 0, "\(question) \(output.errors)")
    }
    for question in [
      ["history", "--user", "bob", "--with", "alice"], ["unread", "--user", "bob"],
      ["offline", "--user", "bob", "--device", "laptop"], ["user", "show", "bob"],
      ["user", "list"], ["stream", "list"],
    ] {
      let output = try await Program.run(question, environment: surroundings)
      #expect(output.status == 1 && output.text.isEmpty, "\(question)")
      #expect(output.errors.hasPrefix("daybook: not_permitted: "), "\(question) \(output.errors)")
    }
    let groups = try await Program.run(["group", "list", "--json"], environment: surroundings)
    #expect(try groups.objects().map { $0["group"] as? String } == ["team"])
    #expect(try groups.objects().first?["members"] as? Int == 2)
    #expect(groups.errors.contains("these are the groups that carol is in"), "\(groups.errors)")
    // A member knows who is one, not who came and went when.
    let shown = try await Program.run(
      ["group", "show", "team", "--json"], environment: surroundings)
    let members = try shown.objects().dropFirst()
    #expect(members.map { $0["user"] as? String } == ["alice", "carol"])
    #expect(members.allSatisfy { ($0["stays"] as? [Any])?.isEmpty == true })
    await server.stop()
  }

  @Test("the token says whose it is, where that is not said; without one it must be")
  func owner() async throws {
    let server = try await world()
    let bob = try await server.token(user: "bob", device: "laptop")
    let service = try await server.token(service: "operator")
    let id = try #require(
      try await server.objects(["history", "--user", "bob", "--with", "alice"]).first?[
        "message_id"] as? String)
    for (short, whose) in [
      (["history", "--with", "alice"], ["--user", "bob"]), (["unread"], ["--user", "bob"]),
      (["receipts", "--with", "alice", "--message", id], ["--user", "bob"]),
      (["offline"], ["--user", "bob", "--device", "laptop"]), (["user", "show"], ["bob"]),
    ] {
      let ask = ["--server", server.address, "--token"]
      let output = try await Program.succeed(short + ask + [bob])
      let named = try await Program.succeed(short + whose + ask + [bob])
      // A session is one more, and later, each time.
      #expect(output.lines.count == named.lines.count && output.lines.count > 1, "\(short)")
      if short[0] != "user" { #expect(output.text == named.text, "\(short)") }
      let nobody = try await Program.run(short + ask + [service])
      #expect(nobody.status == 64 && nobody.errors.contains("say whose"), "\(nobody.errors)")
      let folder = try await Program.run(short + ["--data", server.data])
      #expect(folder.status == 64 && folder.errors.contains("say wh"), "\(folder.errors)")
    }
    await server.stop()
  }

  @Test("what is asked of both, or of neither, or of nobody, is told so")
  func wrong() async throws {
    let server = try await TestServer(partitions: 1)
    for arguments in [
      ["unread", "--user", "a", "--data", server.data, "--server", "127.0.0.1:1"],
      ["unread", "--user", "a"], ["unread", "--user", "a", "--data", server.data, "--token", "t"],
    ] {
      let output = try await Program.run(arguments)
      #expect(output.status == 64, "\(output.errors)")
    }
    let nobody = try await Program.run(
      ["unread", "--user", "a", "--server", "127.0.0.1:1", "--token", "t"])
    #expect(nobody.status == 1 && nobody.errors.hasPrefix("daybook: unreachable: "))
  }

  @Test("of more messages than a page has, all are shown, in order")
  func pages() async throws {
    let server = try await TestServer(partitions: 1)
    try await server.start()
    let texts = (0..<1_100).map { "message \($0)" }
    let alice = try await server.token(user: "alice", device: "phone")
    try await Program.succeed(
      ["chat", "--server", server.address, "--token", alice],
      input: "/to bob\n" + texts.joined(separator: "\n") + "\n/quit\n")
    let token = try await server.token(service: "operator")
    for limit in [1, 500, 501, 1_050, 5_000] {
      let output = try await Program.succeed([
        "history", "--user", "bob", "--with", "alice", "--limit", "\(limit)", "--json", "--server",
        server.address, "--token", token,
      ])
      let shown = try output.objects().map { $0["text"] as? String }
      #expect(shown == texts.suffix(limit), "\(limit)")
    }
    await server.stop()
  }
}

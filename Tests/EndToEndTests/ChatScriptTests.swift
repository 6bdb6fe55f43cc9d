import Foundation
import Testing

/// `daybook chat` fed by a pipe.
@Suite("Chat from a script")
struct ChatScriptTests {
  private func run(
    _ server: TestServer, _ user: String, device: String = "phone", _ lines: String...
  ) async throws -> Program.Output {
    let token = try await server.token(user: user, device: device)
    return try await Program.run(
      ["chat", "--server", server.address, "--token", token],
      input: lines.map { $0 + "\n" }.joined())
  }

  @Test("tells by its exit code what did not work first")
  func exitCodes() async throws {
    let server = try await TestServer()
    try await server.start()
    let fine = try await run(server, "ann", "/create fun", "hi", "/react 1 🎂", "/quit")
    #expect(fine.status == 0, "\(fine)")
    let cases: [(lines: [String], status: Int32, told: String)] = [
      (["hello?"], 4, "whom to?"), (["/nope", "/to ann"], 4, "there is no /nope"),
      (["/to"], 4, "it is written: /to WHERE"), (["/group typo", "hello?"], 3, "no such group"),
      (["/group fun", "hello?"], 4, "/join fun makes you one"),
      (["/to ann", "/react 1 x"], 4, "no message [1] was shown here"),
      (["/to a/b", "hi"], 3, "id"), (["/to ann", "hi", "/who 1", "//slash"], 0, "✓ stored"),
      (["/to ann", "/title x"], 4, "no group is open: /group GROUP opens one"),
      (["/leave"], 4, "say which group"), (["/reply 1 yes"], 4, "no conversation is open"),
      (["/hlep"], 4, "did you mean /help?"), (["/help /reply"], 0, "/reply N TEXT: answer"),
      (
        ["/to ann", "\(String(repeating: "x", count: 65_537))", "/nope"], 2,
        "✗ not sent (that is too long)"
      ),
    ]
    for one in cases {
      let token = try await server.token(user: "ben", device: "phone")
      let output = try await Program.run(
        ["chat", "--server", server.address, "--token", token],
        input: one.lines.joined(separator: "\n"))
      #expect(
        output.status == one.status, "\(one.lines.last!.prefix(20)): \(output.text.prefix(500))")
      #expect(output.text.contains(one.told), "\(output.text.prefix(500))")
      #expect(output.errors.isEmpty)
    }
    // To look at a group is not to join it, nor to make it.
    let shown = try await server.objects(["group", "show", "fun"])
    #expect(shown.dropFirst().map { $0["user"] as? String } == ["ann"])
    let missing = try await Program.run(["group", "show", "--data", server.data, "typo"])
    #expect(missing.status == 1)
    #expect(try await server.objects(["history", "--group", "fun"]).count == 1)
  }

  @Test("has a line for each own message, in order among what else it says")
  func order() async throws {
    let server = try await TestServer()
    try await server.start()
    let output = try await run(
      server, "ann", "/create #fun", "one", "two", "/edit zwei", "/react 1 🎂", "three",
      "/leave #fun")
    let lines = output.lines.map { $0.replacing(/[0-9]{2}:[0-9]{2}/, with: "TIME") }
    #expect(
      lines == [
        "hello ann; /help tells what you can do", "made #fun", "[1] TIME you: one  ✓ stored",
        "[2] TIME you: two  ✓ stored", "[2] you: zwei (edited)", "you reacted 🎂 to [1] you: one",
        "[3] TIME you: three  ✓ stored", "you are no member of #fun any more",
      ])
  }

  @Test("is told how much there is, not all of it, and leaves at once where it says so")
  func backlog() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await run(server, "ben", "/quit")
    let token = try await server.token(user: "ann", device: "phone")
    try await Program.succeed(
      ["chat", "--server", server.address, "--token", token],
      input: "/to ben\n" + (1...1_500).map { "m\($0)\n" }.joined())
    let quit = try await run(server, "ben", "/quit")
    #expect(
      quit.text.contains("ann: 1,500 unread") && quit.lines.count < 30, "\(quit.text.prefix(900))")
    let whole = try await run(server, "ben", "/to ann", "/older 3")
    #expect(whole.text.contains("ann: m1500\n") && !whole.text.contains("ann: m1400\n"))
    #expect(whole.text.contains("1,480 more are unread: /older shows them"))
    #expect(whole.text.contains("ann: m1478\n") && whole.text.contains("ann: m1480\n"))
  }

  @Test("tells a group apart by # and a user by @, wherever they stand")
  func signs() async throws {
    let server = try await TestServer()
    try await server.start()
    let ann = try await run(
      server, "ann", "/create fun", "/invite @ben", "hi", "/forward 1 @ben", "/group #fun",
      "/silence dee", "/remove @dee", "/forget nope", "/to @ben", "/group #none", "to nobody")
    #expect(ann.status == 3, "\(ann.text)")
    for text in ["dee is no member of #fun", "you have no device nope", "whom to?"] {
      #expect(ann.text.contains(text), "\(text): \(ann.text)")
    }
    #expect(!ann.text.contains("##") && !ann.text.contains("group/"))
    let ben = try await run(server, "ben", "/join #fun", "/edit 1 mine", "/list")
    #expect(ben.text.contains("you are a member of #fun") && ben.text.contains("\n#fun: here\n"))
    // Also in a later session, in which nothing new is there.
    let later = try await run(server, "ben", device: "laptop", "/list")
    #expect(later.text.contains("\n#fun\n"), "\(later.text)")
    #expect(
      !ben.text.contains("to nobody") && !ben.text.contains("is another's")
        || !ben.text.contains("message 9"))
    let direct = try await server.objects(["history", "--user", "ben", "--with", "ann"])
    #expect(direct.map { $0["text"] as? String } == ["hi"])
  }

  @Test("lists every conversation, in a session in which nothing of it comes too")
  func everything() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await run(server, "ann", "/to ben", "hi", "/create fun", "/create gone", "/leave")
    _ = try await run(server, "ben", "/to ann", "/pin on", "/group fun")
    let ann = try await run(server, "ann", device: "laptop", "/list")
    #expect(ann.text.hasSuffix("#fun\nben\n"), "\(ann.text)")
    let ben = try await run(server, "ben", device: "laptop", "/list")
    #expect(ben.text.hasSuffix("ann: pinned\n"), "\(ben.text)")
  }

  @Test("says of somebody with whom there was nothing what becomes of a wrong name")
  func strangers() async throws {
    let server = try await TestServer()
    try await server.start()
    let waits = "what you send waits for ben"
    let first = try await run(server, "ann", "/to ben", "hi", "/to ben")
    #expect(first.text.components(separatedBy: waits).count == 2, "\(first.text)")
    let invited = try await run(
      server, "ann", device: "laptop", "/create fun", "/invite ben", "/invite zoe", "/invite zoe")
    #expect(!invited.text.contains("nothing to do with ben"), "\(invited.text)")
    let strange = invited.text.components(separatedBy: "you have had nothing to do with zoe so far")
    #expect(strange.count == 2 && strange[1].contains("/refuse zoe"), "\(invited.text)")
  }

  @Test("is told whose a message is that it can't change, and what it can do")
  func anothers() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await run(server, "ann", "/to ben", "hi")
    for line in ["/edit 1 mine", "/recall 1"] {
      let ben = try await run(server, "ben", "/to ann", line)
      #expect(ben.status == 3)
      let told = "[1] is ann's, and not yours to change: /reply 1 TEXT answers it"
      #expect(ben.text.contains(told), "\(ben.text)")
    }
  }

  @Test("reads what one saw of a group that one left, or that has ended, and can't talk there")
  func formerGroups() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await run(server, "ann", "/create fun", "/policy approval")
    let asked = try await run(server, "ben", "/to ann", "/join fun", "to nobody")
    #expect(
      asked.status == 4 && asked.text.contains("you asked to be let into #fun"), "\(asked.text)")
    _ = try await run(server, "ann", "/group fun", "/admit ben", "hello ben")
    _ = try await run(server, "ben", "/group fun", "hello ann", "/leave")
    _ = try await run(server, "ann", "/group fun", "unseen")
    for (ended, told) in [
      (false, "/join fun asks to be let in"), (true, "#fun was ended for good"),
    ] {
      if ended { _ = try await run(server, "ann", "/group fun", "/dissolve") }
      let looked = try await run(server, "ben", "/to ann", "/group #fun", "to nobody")
      #expect(looked.status == 4 && looked.text.contains(told), "\(looked.text)")
      #expect(looked.text.contains("you: hello ann") && looked.text.contains("ann: hello ben"))
      #expect(!looked.text.contains("unseen"))
    }
    #expect(try await server.objects(["history", "--user", "ann", "--with", "ben"]).isEmpty)
  }

  @Test("ends when nobody reads it any more, though there is more to do, and acks nothing unseen")
  func outputGone() async throws {
    let server = try await TestServer()
    try await server.start()
    _ = try await run(server, "ben", "/quit")
    _ = try await run(server, "ann", "/to ben", "one", "two")
    let token = try await server.token(user: "ben", device: "phone")
    let pending = ["offline", "--user", "ben", "--device", "phone"]
    let before = try await server.objects(pending).map { $0["pending"] as? Int }
    #expect(before.contains { $0 ?? 0 >= 2 })
    // Its input stays open, and its output is closed before it begins: only that can end it.
    let shell = """
      f=$(mktemp -u); mkfifo "$f"; exec 3<>"$f"
      { while [ -e "$f" ]; do :; done; exec "$0" "$@" <&3; } | { exec <&-; rm "$f"; }
      """
    let chat = try Running(
      ["chat", "--server", server.address, "--token", token], shell: shell)
    let output = await chat.finished()
    #expect(output.text.isEmpty && output.errors.isEmpty && output.status == 0)
    #expect(try await server.objects(pending).map { $0["pending"] as? Int } == before)
    let seen = try await run(server, "ben", "/unread")
    #expect(seen.text.contains("ann: one") && seen.text.contains("ann: two"))
    #expect(try await server.objects(pending).allSatisfy { $0["pending"] as? Int == 0 })
  }

  @Test("says once that the session has ended")
  func ended() async throws {
    let server = try await TestServer()
    try await server.start()
    let output = try await Program.run(["chat", "--server", server.address, "--token", "nonsense"])
    #expect(output.status == 1 && output.text.isEmpty)
    #expect(output.errors.split(separator: "\n").count == 1)
  }

  @Test("takes its day and time from TZ")
  func zone() async throws {
    let server = try await TestServer()
    try await server.start()
    let token = try await server.token(user: "ann", device: "phone")
    var times: [Int] = []
    for zone in ["UTC0", "EAST-5"] {
      let chat = try Running(
        ["chat", "--server", server.address, "--token", token], input: "/to ben\nhi\n",
        shell: "TZ=\(zone) exec \"$0\" \"$@\" <&0")
      let output = await chat.finished()
      let line = try #require(output.lines.last { $0.contains("you: hi") })
      let clock = try #require(line.firstMatch(of: /([0-9]{2}):([0-9]{2})/))
      times.append(try #require(Int(clock.1)) * 60 + (try #require(Int(clock.2))))
    }
    // Five hours and the moments between the two.
    let apart = (times[1] - times[0] + 1_440) % 1_440
    #expect(apart >= 300 && apart < 330)
  }
}

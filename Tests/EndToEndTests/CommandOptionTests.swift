import Doubles
import Foundation
import Testing

@Suite("what every command takes", .timeLimit(.minutes(30)))
struct CommandOptionTests {
  @Test("folder, server and token come from options, or else from the environment")
  func environment() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let token = try await server.token(user: "alice", device: "phone")
    let surroundings = [
      "DAYBOOK_DATA": server.data, "DAYBOOK_SERVER": server.address, "DAYBOOK_TOKEN": token,
    ]
    let chat = try await Program.run(
      ["chat"], input: "/to bob\nfrom the environment\n/quit\n", environment: surroundings)
    #expect(chat.status == 0, "\(chat.errors)")
    let history = ["history", "--user", "bob", "--with", "alice"]
    let found = try await Program.run(history, environment: surroundings)
    #expect(found.text.contains("from the environment"))
    // An option goes before it, and nothing is as good as unset.
    let other = try await Program.run(
      history + ["--data", server.data], environment: ["DAYBOOK_DATA": "/nowhere"])
    #expect(other.text == found.text)
    for (command, missing) in [(history, "DAYBOOK_DATA"), (["chat"], "DAYBOOK_SERVER")] {
      let output = try await Program.run(command, environment: [missing: ""])
      #expect(output.status == 64 && output.errors.contains(missing), "\(output.errors)")
      let help = try await Program.succeed([command[0], "--help"])
      #expect(help.text.contains(missing))
    }
    let nobody = try await Program.run(
      ["chat"], environment: ["DAYBOOK_SERVER": server.address, "DAYBOOK_TOKEN": ""])
    #expect(nobody.status == 64 && nobody.errors.contains("DAYBOOK_TOKEN"), "\(nobody.errors)")
    await server.stop()
  }

  @Test("a token comes from a file or from standard input, of which the rest is the command's")
  func tokenFile() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let token = try await server.token(user: "alice", device: "phone")
    let file = server.folder.appendingPathComponent("token").path
    try (token + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    let chat = ["chat", "--server", server.address]
    try await Program.succeed(
      chat + ["--token-file", file], input: "/to bob\nby a file\n/quit\n")
    for option in ["--token-file", "--token"] {
      try await Program.succeed(
        chat + [option, "-"], input: "\(token)\n/to bob\nby \(option)\n/quit\n")
    }
    let history = try await server.objects(["history", "--user", "bob", "--with", "alice"])
    let texts = history.map { $0["text"] as? String }
    #expect(texts == ["by a file", "by --token-file", "by --token"])
    for wrong in [["--token-file", "/nowhere"], ["--token-file", "/dev/null"]] {
      let output = try await Program.run(chat + wrong)
      #expect(output.status == 64 && output.errors.contains("token"), "\(output.errors)")
    }
    let both = try await Program.run(chat + ["--token", "x", "--token-file", file])
    #expect(both.status == 64)
    await server.stop()
  }

  @Test("it says its version")
  func version() async throws {
    let output = try await Program.succeed(["--version"])
    #expect(output.text.wholeMatch(of: /daybook \d+\.\d+\.\d+\n/) != nil, "\(output.text)")
  }

  @Test(
    "a command that there isn't is told so",
    arguments: [
      (["serv"], "did you mean 'daybook serve'?"),
      (["help", "foo"], "no such command 'daybook foo'"),
      (["group", "lst"], "no such command 'daybook group lst'"),
      (["group", "--data", "x"], "unknown option '--data'"),
    ])
  func unknownCommands(arguments: [String], expected: String) async throws {
    let output = try await Program.run(arguments)
    #expect(output.status == 64 && output.text.isEmpty)
    #expect(output.errors.contains(expected), "\(output.errors)")
  }

  @Test(
    "a number below zero is told what is wrong with it, and is not taken for an option",
    arguments: [
      ["history", "--group", "g", "--limit"], ["history", "--group", "g", "--before"],
      ["receipts", "--group", "g", "--message"], ["log", "dump", "--from"],
      ["log", "dump", "--partition"], ["log", "info", "--partition"], ["serve", "--loops"],
      ["serve", "--recall-limit"], ["init", "--partitions"], ["init", "--receipts-members-max"],
      ["token", "--service", "s", "--expires-in"],
      ["import", "irc", "f", "--token", "t", "--server", "h:1", "--window"],
      ["import", "slack", "f", "--token", "t", "--server", "h:1", "--window"],
      ["bench", "append", "--runs"], ["bench", "append", "--partitions"],
      ["bench", "append", "--message-bytes"], ["bench", "append", "--messages"],
      ["bench", "append", "--in-flight"], ["bench", "append", "--groups"],
      ["bench", "chat", "--users"], ["bench", "chat", "--messages"], ["bench", "chat", "--window"],
      ["bench", "chat", "--rate"], ["bench", "send", "--rate"], ["bench", "send", "--seconds"],
      ["bench", "send", "--warm-up"], ["bench", "send", "--connections"],
      ["bench", "send", "--window"], ["bench", "send", "--groups"],
      ["bench", "idle", "--connections"], ["bench", "idle", "--in-flight"],
      ["bench", "idle", "--seconds"], ["bench", "idle", "--runs"],
      ["bench", "replay", "--events"], ["bench", "replay", "--users"],
      ["bench", "group", "--members"], ["bench", "group", "--messages"],
      ["bench", "group", "--questions"], ["bench", "group", "--in-flight"],
      ["bench", "segments", "--segments"], ["bench", "segments", "--events"],
      ["bench", "state", "--users"], ["bench", "state", "--rate"], ["bench", "state", "--seconds"],
    ])
  func negatives(arguments: [String]) async throws {
    let server = try await TestServer(partitions: 1)
    let output = try await Program.run(
      arguments + ["-1"], environment: ["DAYBOOK_DATA": server.data])
    #expect(output.status == 64 && output.text.isEmpty)
    let name = try #require(arguments.last)
    #expect(output.errors.contains(name), "\(output.errors)")
    #expect(!output.errors.contains("Missing value"), "\(output.errors)")
    #expect(!output.errors.contains("Unknown option"), "\(output.errors)")
  }

  @Test(
    "what is no address is refused before anything is tried",
    arguments: ["tcp://127.0.0.1:25000", "::1:25000", " 127.0.0.1:25000", "127.0.0.1", "h:0"])
  func addresses(text: String) async throws {
    let output = try await Program.run(["chat", "--server", text, "--token", "t"])
    #expect(output.status == 64)
    #expect(output.errors.hasPrefix("daybook: invalid_argument: "), "\(output.errors)")
  }

  @Test("a port that there can't be, and a name that nobody has, are called that")
  func wrongAddresses() async throws {
    let server = try await TestServer(partitions: 1)
    for (arguments, status, words) in [
      (["chat", "--token", "t", "--server", "h:99999"], 64, "a port is 0 to 65535, not 99999"),
      (["chat", "--token", "t", "--server", "h:0"], 64, "its port is 1 to 65535, not 0"),
      (["serve", "--data", server.data, "--tcp", "[::1]:70000"], 64, "a port is 0 to 65535"),
      (
        ["chat", "--token", "t", "--server", "nosuch.invalid:7000"], 1,
        "no host is known by the name 'nosuch.invalid'"
      ),
      (
        ["serve", "--data", server.data, "--tcp", "nosuch.invalid:7000"], 1,
        "can't listen on nosuch.invalid:7000: no host is known by the name 'nosuch.invalid'"
      ),
      (
        ["serve", "--data", server.data, "--tcp", "[2001:db8::1]:7000"], 1,
        "can't listen on [2001:db8::1]:7000: "
      ),
    ] as [([String], Int32, String)] {
      let output = try await Program.run(arguments)
      #expect(output.status == status && output.text.isEmpty, "\(arguments)")
      #expect(output.errors.contains(words), "\(output.errors)")
      for pair in ["[]", "()"] {
        let counts = pair.map { bracket in output.errors.count { $0 == bracket } }
        #expect(counts[0] == counts[1], "\(output.errors)")
      }
    }
  }

  @Test("what listens and is no Daybook is not taken for one")
  func stranger() async throws {
    let web = try AnsweringServer(
      "HTTP/1.1 400 Bad Request\r\nServer: x\r\nConnection: close\r\n\r\n<html></html>")
    defer { web.stop() }
    let silent = try AnsweringServer("")
    defer { silent.stop() }
    for port in [web.port, silent.port] {
      let output = try await Program.run(["chat", "--server", "127.0.0.1:\(port)", "--token", "t"])
      #expect(output.status == 1)
      #expect(
        output.errors.contains("no Daybook answers at 127.0.0.1:\(port)"), "\(output.errors)")
    }
  }

  @Test("whoever is not known is told to be so by every command")
  func unknownUsers() async throws {
    let server = try await TestServer(partitions: 2)
    for command in [
      ["history", "--user", "nobody", "--with", "alice"], ["unread", "--user", "nobody"],
      ["offline", "--user", "nobody", "--device", "d"], ["user", "show", "nobody"],
    ] {
      let output = try await Program.run(command + ["--data", server.data])
      #expect(output.status == 1)
      #expect(output.errors.hasPrefix("daybook: unknown_user: "), "\(command) \(output.errors)")
    }
  }

  @Test("a path that leads through a file, and one that is none, are called that")
  func paths() async throws {
    let server = try await TestServer(partitions: 1)
    let file = try await Program.run(["serve", "--data", "\(server.data)/daybook.json"])
    #expect(file.errors.contains("a file stands where"), "\(file.errors)")
    let nothing = try await Program.run(["init", "--data", ""])
    #expect(nothing.status == 64 && nothing.errors.contains("--data"), "\(nothing.errors)")
    let reader = try await Program.run(["log", "dump", "--server", "127.0.0.1:1"])
    #expect(reader.status == 64)
    #expect(reader.errors.contains("reads the data folder itself"), "\(reader.errors)")
  }

  @Test("an id that a command takes is one that history shows")
  func ids() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    _ = try await server.chat("alice", "/to bob", "hello")
    let shown = try await Program.succeed(
      ["history", "--data", server.data, "--user", "alice", "--with", "bob", "--ids"])
    let id = try #require(shown.text.split(separator: " ").first)
    #expect(UInt64(id) != nil)
    try await Program.succeed(
      [
        "receipts", "--data", server.data, "--user", "alice", "--with", "bob", "--message",
        String(id),
      ])
    await server.stop()
  }

  @Test("help keeps to COLUMNS, its usage too")
  func columns() async throws {
    for command in [["history"], ["token"], ["bench"], ["serve"]] {
      let output = try await Program.run(command + ["--help"], environment: ["COLUMNS": "60"])
      for line in output.lines { #expect(line.count <= 60, "\(line)") }
    }
  }
}

/// What takes one connection after the other, says its piece, and closes.
private final class AnsweringServer: @unchecked Sendable {
  let port: UInt16
  private let file: Int32

  init(_ answer: String) throws {
    file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let file = file
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(file, address, length) == 0 && listen(file, 8) == 0
          && getsockname(file, address, &length) == 0
      }
    }
    try #require(bound)
    port = UInt16(bigEndian: address.sin_port)
    let thread = Thread {
      while true {
        let connection = accept(file, nil, nil)
        guard connection >= 0 else { return }
        // Closing over unread bytes would take back what was said.
        var bytes = [UInt8](repeating: 0, count: 4_096)
        _ = read(connection, &bytes, bytes.count)
        let said = Array(answer.utf8)
        _ = write(connection, said, said.count)
        close(connection)
      }
    }
    thread.start()
  }

  func stop() {
    shutdown(file, Int32(SHUT_RDWR))
    close(file)
  }
}

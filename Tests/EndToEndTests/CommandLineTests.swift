import Doubles
import Foundation
import Testing

@Suite("Command line")
struct CommandLineTests {
  private func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "daybook-cli-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  /// One line, with the error's name, and a status that says that it failed.
  private func expectFailure(
    _ output: Program.Output, _ name: String, status: Int32,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(output.status == status, "\(output.errors)", sourceLocation: sourceLocation)
    #expect(
      output.errors.hasPrefix("daybook: \(name): "), "\(output.errors)",
      sourceLocation: sourceLocation)
    let lines = output.errors.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 2, "one line and its end", sourceLocation: sourceLocation)
    #expect(output.text.isEmpty, sourceLocation: sourceLocation)
  }

  @Test(
    "a command line that makes no sense is refused in one line, with 64",
    arguments: [
      ["nonsense"], ["history"], ["history", "--data", "D"],
      ["init", "--data", "D", "--partitions", "0"],
      ["init", "--data", "D", "--partitions", "1025"],
      ["init", "--data", "D", "--partitions", "x"],
      ["history", "--data", "D", "--user", "a"],
      ["history", "--data", "D", "--user", "a", "--with", "b", "--group", "c"],
      ["history", "--data", "D", "--group", "c", "--limit", "0"],
      ["history", "--data", "D", "--group", "c", "--before", "x"],
      ["history", "--data", "D", "--group", "a b"], ["unread", "--data", "D", "--user", "a/b"],
      ["log", "dump", "--data", "D", "--from", "-1"], ["log", "nonsense"],
      ["projection", "list", "--data", "D", "--name", "x"], ["unread", "--data", "D", "--user"],
      ["receipts", "--data", "D", "--group", "c"], ["receipts", "--data", "D", "--message", "1"],
      ["receipts", "--data", "D", "--group", "c", "--message", "x"],
      ["group", "show", "--data", "D"], ["group", "show", "--data", "D", "a b"],
      ["user", "show", "--data", "D", "a/b"], ["import", "slack", "--server", "h:1"],
      ["init", "--data", "D", "--receipts-members-max", "-1"],
      ["serve", "--data", "D", "--recall-limit", "x"],
      ["serve", "--data", "D", "--log-level", "loud"],
      ["serve", "--data", "D", "--log-format", "xml"],
    ])
  func usage(arguments: [String]) async throws {
    expectFailure(try await Program.run(arguments), "invalid_argument", status: 64)
  }

  @Test(
    "every command has help",
    arguments: [
      [], ["init"], ["serve"], ["token"], ["chat"], ["send"], ["import"], ["import", "irc"],
      ["import", "slack"], ["history"], ["receipts"], ["group"], ["group", "list"],
      ["group", "show"], ["user"], ["user", "list"], ["user", "show"], ["stream"],
      ["stream", "list"], ["unread"], ["offline"], ["log"], ["log", "info"], ["log", "dump"],
      ["log", "verify"],
      ["projection"], ["projection", "list"], ["projection", "verify"], ["projection", "rebuild"],
      ["bench"], ["bench", "append"], ["bench", "chat"], ["bench", "replay"],
      ["bench", "group"], ["bench", "send"], ["bench", "idle"],
    ])
  func help(command: [String]) async throws {
    let output = try await Program.succeed(command + ["--help"])
    #expect(output.text.contains("USAGE: daybook"))
    #expect(output.text.contains("OVERVIEW: "))
  }

  @Test("what is no data folder is refused by every command, with 1")
  func noDataFolder() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let commands = [
      ["history", "--group", "g"], ["unread", "--user", "a"], ["log", "info"], ["log", "verify"],
      ["projection", "rebuild"], ["token", "--service", "s"], ["serve"], ["group", "show", "g"],
      ["user", "show", "u"], ["receipts", "--group", "g", "--message", "1"],
    ]
    for command in commands {
      for path in [folder.path, folder.appending(path: "none").path] {
        let output = try await Program.run(command + ["--data", path])
        expectFailure(output, "data_folder_missing", status: 1)
      }
    }
  }

  @Test("init makes a folder for its owner alone, and never writes over anything")
  func initialise() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let data = folder.appending(path: "data").path
    try await Program.succeed(["init", "--data", data, "--partitions", "3"])
    let attributes = try FileManager.default.attributesOfItem(atPath: data)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
    let secret = try FileManager.default.attributesOfItem(atPath: "\(data)/secret")
    #expect(secret[.posixPermissions] as? Int == 0o600)
    expectFailure(
      try await Program.run(["init", "--data", data]), "data_folder_exists", status: 1)
    expectFailure(
      try await Program.run(["init", "--data", "\(data)/none/deeper"]), "data_folder_missing",
      status: 1)
    let verdict = try await Program.succeed(["log", "verify", "--data", data, "--json"]).objects()
    #expect(verdict.last?["partitions"] as? Int == 3)
  }

  @Test("a data folder may be named relative to where one is", arguments: ["D", "./d", "d/", "é"])
  func relativePath(name: String) async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let program = try ChildProcess(
      Program.url.path, ["init", "--data", name], folder: folder.path)
    while program.isRunning { try await Task.sleep(for: .milliseconds(5)) }
    #expect(program.status == 0)
    let made = folder.appending(path: name).path
    try await Program.succeed(["log", "verify", "--data", made])
  }

  @Test("a folder of another format version is refused")
  func formatVersion() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let data = folder.appending(path: "data").path
    try await Program.succeed(["init", "--data", data])
    for text in ["{\"format_version\": 99}", "{}", "nonsense", ""] {
      try text.write(toFile: "\(data)/daybook.json", atomically: true, encoding: .utf8)
      for command in [["serve"], ["log", "info"], ["projection", "list"]] {
        let output = try await Program.run(command + ["--data", data])
        expectFailure(output, "format_version", status: 1)
      }
    }
  }

  @Test("an empty log has no events and no faults, and projections at its head")
  func emptyLog() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let data = folder.appending(path: "data").path
    try await Program.succeed(["init", "--data", data, "--partitions", "2"])
    #expect(try await Program.succeed(["log", "dump", "--data", data, "--json"]).text.isEmpty)
    let verdict = try await Program.succeed(["log", "verify", "--data", data, "--json"])
    let summary = try #require(try verdict.objects().last)
    #expect(summary["ok"] as? Bool == true)
    #expect(summary["events"] as? Int == 0 && summary["partitions"] as? Int == 2)
    #expect((summary["faults"] as? [Any])?.isEmpty == true)
    let list = try await Program.succeed(["projection", "list", "--data", data, "--json"])
    let names = try list.objects().compactMap { $0["name"] as? String }
    #expect(Set(names) == ["history", "unread", "offline", "receipts", "directory"])
    expectFailure(
      try await Program.run(["history", "--data", data, "--group", "g"]), "group_not_found",
      status: 1)
    expectFailure(
      try await Program.run(["offline", "--data", data, "--user", "u", "--device", "d"]),
      "unknown_user", status: 1)
    expectFailure(
      try await Program.run(["log", "dump", "--data", data, "--partition", "2"]),
      "invalid_argument", status: 64)
    expectFailure(
      try await Program.run(["log", "dump", "--data", data, "--partition", "0", "--from", "1"]),
      "offset_out_of_range", status: 1)
  }

  @Test("damage to the log is named: file, bytes, offset; and verify exits with 1")
  func damage() async throws {
    let server = try await TestServer(partitions: 1)
    try await server.start()
    let token = try await server.token(user: "alice", device: "phone")
    try await Program.succeed(
      ["chat", "--server", server.address, "--token", token],
      input: "/to bob\none\ntwo\nthree\n/quit\n")
    await server.stop()
    let verify = ["log", "verify", "--data", server.data, "--json"]
    #expect(try await Program.succeed(verify).objects().last?["ok"] as? Bool == true)

    let folder = "\(server.data)/log/0"
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".log") })
    let file = try FileHandle(forUpdating: URL(filePath: "\(folder)/\(name)"))
    try file.seek(toOffset: 150)
    let byte = try #require(try file.read(upToCount: 1)?.first)
    try file.seek(toOffset: 150)
    try file.write(contentsOf: Data([byte ^ 0xff]))
    try file.close()
    let output = try await Program.run(verify)
    #expect(output.status == 1)
    let summary = try #require(try output.objects().last)
    let faults = try #require(summary["faults"] as? [[String: Any]])
    #expect(summary["ok"] as? Bool == false && faults.count >= 1)
    #expect(faults.first?["segment"] as? String == name)
    #expect(faults.first?["from_byte"] as? Int ?? 151 <= 150)
    #expect(faults.first?["to_byte"] as? Int ?? 0 > 150)
  }

  @Test("every listing has its fields, ids of messages as strings and times in UTC")
  func fields() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let bob = try await server.token(user: "bob", device: "laptop")
    try await Program.succeed(
      ["chat", "--server", server.address, "--token", bob], input: "/quit\n")
    let alice = try await server.token(user: "alice", device: "phone")
    try await Program.succeed(
      ["chat", "--server", server.address, "--token", alice],
      input: "/to bob\none \"two\"\nthree\n/quit\n")
    func ask(_ arguments: String...) async throws -> [[String: Any]] {
      try await Program.succeed(arguments + ["--data", server.data, "--json"]).objects()
    }

    let messages = try await ask("history", "--user", "bob", "--with", "alice")
    #expect(messages.map { $0["text"] as? String } == ["one \"two\"", "three"])
    let first = try #require(messages.first)
    #expect(first["conversation"] as? String == "user/alice")
    #expect(first["stream"] as? String == "user/bob" && first["from"] as? String == "alice")
    #expect(first["seq"] as? Int == 1 && UInt64(first["message_id"] as? String ?? "") != nil)
    #expect(
      (first["recorded_at"] as? String)?.hasSuffix("Z") == true && first["client_time"] != nil)
    let newest = try await ask("history", "--user", "bob", "--with", "alice", "--limit", "1")
    #expect(newest.map { $0["text"] as? String } == ["three"])
    let id = try #require(newest[0]["message_id"] as? String)
    let older = try await ask("history", "--user", "bob", "--with", "alice", "--before", id)
    #expect(older.map { $0["text"] as? String } == ["one \"two\""])

    let unread = try await ask("unread", "--user", "bob")
    #expect(unread.map { $0["conversation"] as? String } == ["user/alice"])
    #expect(unread.map { $0["unread"] as? Int } == [2])
    let offline = try await ask("offline", "--user", "bob", "--device", "laptop")
    #expect(offline.map { $0["stream"] as? String } == ["user/bob"])
    #expect(offline.map { $0["head"] as? Int } == [2] && offline[0]["cursor"] as? Int == 0)
    #expect(offline[0]["pending"] as? Int == 2)
    let segments = try await ask("log", "info")
    for name in ["partition", "segment", "base_offset", "next_offset", "bytes_used", "sealed"] {
      #expect(segments.allSatisfy { $0[name] != nil }, "\(name)")
    }
    let events = try await ask("log", "dump")
    for name in ["partition", "offset", "stream", "seq", "type", "message_id", "recorded_at"] {
      #expect(events.allSatisfy { $0[name] != nil }, "\(name)")
    }
    #expect(events.count { $0["type"] as? String == "message_sent" } == 2)
    for command in ["list", "verify"] {
      for line in try await ask("projection", command) {
        #expect(line["name"] is String && line["state_hash"] is String)
        #expect(
          line["checkpoint"] as? Int == events.count && line["events"] as? Int == events.count)
      }
    }
    await server.stop()
  }

  @Test("rebuild refuses while a server runs, and says why; token and verify do not")
  func besideServer() async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    expectFailure(
      try await Program.run(["projection", "rebuild", "--data", server.data]),
      "data_folder_in_use", status: 1)
    _ = try await server.token(service: "s")
    try await Program.succeed(["log", "verify", "--data", server.data])
    try await Program.succeed(["projection", "verify", "--data", server.data])
    let second = try await Program.run(["serve", "--data", server.data, "--tcp", "127.0.0.1:0"])
    expectFailure(second, "data_folder_in_use", status: 1)
    await server.stop()
    let rebuilt = try await Program.succeed(
      ["projection", "rebuild", "--data", server.data, "--json"])
    #expect(try rebuilt.objects().count == 5)
  }
}

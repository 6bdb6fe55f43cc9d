import DaybookModel
import Foundation
import Testing

@testable import Importing

@Suite("A Slack export")
struct SlackExportTests {
  private func fault(_ body: () throws -> Void) -> DaybookError? {
    #expect(throws: DaybookError.self) { try body() }
  }

  @Test("users are known by Slack's id, whatever they are called")
  func users() throws {
    let export = try SlackSamples.export([
      "users.json": """
      [{"id": "U3", "name": "Ann"}, {"id": "U1", "name": "ann"}, {"id": "U2", "name": "a b"},
       {"id": "U5"}]
      """
    ])
    let people = ["U1", "U2", "U3", "U5", "U7", "USLACKBOT"].map { export.directory.person($0) }
    #expect(people.map(\.id.text) == ["u1", "u2", "u3", "u5", "u7", "slackbot"])
    #expect(people.map(\.name) == ["ann", "a b", "Ann", "", "", ""])
  }

  @Test("the name that is shown is the display name, else the real one, if it isn't the id")
  func names() throws {
    let directory = try SlackSamples.export([
      "users.json": """
      [{"id": "U1", "name": "ann", "real_name": "Ann A", "profile": {"display_name": "Annie"}},
       {"id": "U2", "name": "bob", "profile": {"display_name": "", "real_name": "Bob B"}},
       {"id": "U3", "name": "cat", "profile": {"display_name": "cat"}},
       {"id": "U4", "name": "Dan", "profile": null},
       {"id": "U5", "name": "eve", "real_name": "\(String(repeating: "é", count: 80))"}]
      """
    ]).directory
    #expect(
      ["U1", "U2", "U3", "U4"].map { directory.person($0).name } == [
        "Annie", "Bob B", "cat", "Dan",
      ])
    #expect(directory.person("U5").name == String(repeating: "é", count: 64))
  }

  @Test("bots are called by their id, else by their name")
  func bots() throws {
    let directory = try SlackSamples.export([:]).directory
    #expect(directory.bot(id: "B7", name: "Build Bot").id.text == "bot-b7")
    #expect(directory.bot(id: "B7", name: "Build Bot").name == "Build Bot")
    #expect(directory.bot(id: "", name: "Build / Bot").id.text == "bot-build---bot")
    let long = directory.bot(id: "", name: String(repeating: "é", count: 100)).id
    #expect(long.text.utf8.count == Limits.idBytesMax)
  }

  @Test("channels become groups that are known by Slack's id, whatever they are called")
  func channels() throws {
    let export = try SlackSamples.export([
      "channels.json": "[{\"id\": \"C1\", \"name\": \"one\"}, {\"id\": \"C3\", \"name\": \"日本\"}]",
      "groups.json": "[{\"id\": \"G1\", \"name\": \"one\"}]",
      "mpims.json": "[{\"id\": \"G2\", \"name\": \"mpdm-ann--bob-1\"}]",
      "dms.json":
        """
      [{"id": "D1", "members": ["ANN", "BOB"]}, {"id": "D2", "members": ["ANN"]}]
      """,
    ])
    let (ann, bob) = (try UserID("ann"), try UserID("bob"))
    #expect(
      export.conversations.map(\.kind) == [
        .group(try GroupID("c1"), .open), .group(try GroupID("c3"), .open),
        .group(try GroupID("g1"), .invitation), .group(try GroupID("g2"), .invitation),
        .direct(ann, bob), .direct(ann, ann),
      ])
    #expect(
      export.conversations.map(\.folder) == [
        "one", "日本", "one", "mpdm-ann--bob-1", "D1", "D2",
      ])
  }

  @Test("conversations are chosen by name or Slack's id, in the export's order")
  func choice() throws {
    let files = try FolderFiles(path: SlackSamples.folder.path)
    let chosen = try SlackImport(files, channels: "D01, garden,C02")
    #expect(chosen.conversations.map(\.id) == ["C02", "D01"])
    let fault = fault { _ = try SlackImport(files, channels: "garden,nowhere") }
    #expect(fault?.code == .invalidArgument && fault?.message.contains("nowhere") == true)
  }

  @Test(
    "loses what is faulty in its lists, by place and reason, and nothing else",
    arguments: [
      ("users.json", "", "bad_file users.json: it is empty"),
      (
        "users.json", "[{\"id\": \"U1\"}",
        "bad_file users.json: it ends behind entry 1, without ']'"
      ),
      ("users.json", "{}", "bad_file users.json: it is no array"),
      ("users.json", "[{\"id\": \"U1\"}, {}]", "bad_user users.json, entry 2: it has no 'id'"),
      ("channels.json", "[3]", "bad_channel channels.json, entry 1: it is no object"),
      (
        "channels.json", "[{\"id\": \"C1\"}]",
        "bad_channel channels.json, entry 1: it has no 'name'"
      ),
      (
        "groups.json", "[{\"id\": 7, \"name\": \"x\"}]",
        "bad_channel groups.json, entry 1: 'id' is no string"
      ),
      (
        "groups.json", "[{\"id\": \"C9\", \"name\": \"x\"}, {\"id\": \"C9\", \"name\": \"y\"}]",
        "bad_channel groups.json, entry 2: there is an earlier one with its 'id'"
      ),
      (
        "dms.json", "[{\"id\": \"D1\", \"members\": []}]",
        "bad_channel dms.json, entry 1: a direct conversation is one of two members"
      ),
      (
        "dms.json", "[{\"id\": \"..\", \"members\": [\"U1\"]}]",
        "bad_channel dms.json, entry 1: 'id' is no name of a folder"
      ),
      (
        "groups.json", "[{\"id\": \"G1\", \"name\": \"../x\"}]",
        "bad_channel groups.json, entry 1: 'name' is no name of a folder"
      ),
    ])
  func malformed(file: String, content: String, expected: String) throws {
    let listed = "[{\"id\": \"C7\", \"name\": \"seven\"}]"
    let other = file == "channels.json" ? "groups.json" : "channels.json"
    let export = try SlackSamples.export([other: listed, file: content])
    #expect(
      export.findings.shown.map { "\($0.kind) \($0.place): \($0.reason)" } == [expected])
    #expect(export.findings.lost.values.reduce(0, +) == 1)
    #expect(export.conversations.contains { $0.id == "C7" })
  }

  @Test("is none where there is neither a list nor a day of a channel")
  func nothing() {
    let fault = fault { _ = try SlackExport(MemoryFiles(["a.txt": "", "b/c.json": "[]"])) }
    #expect(fault?.code == .invalidInput && fault?.message.contains("channels.json") == true)
  }

  @Test(
    "a time has seconds and up to six digits of a fraction",
    arguments: [
      ("1709283660.000100", 1_709_283_660_000 as UInt64?), ("1709283660.123456", 1_709_283_660_123),
      ("5", 5000), ("5.5", 5500), ("", nil), (".5", nil), ("5.", nil), ("-5.0", nil),
      ("5.1.2", nil),
      ("5.1234567", nil), ("1234567890123", nil), ("5,0", nil),
    ])
  func time(text: String, milliseconds: UInt64?) {
    #expect(SlackTime(text)?.timestamp.milliseconds == milliseconds)
  }

  @Test("a day's file is named by its date")
  func dates() {
    #expect(SlackDay.isDay("2024-03-01.json"))
    for name in [
      "2024-03-01", "canvas_in_.json", "2024_03_01.json", "02024-3-01.json", "é24-03-01.json",
    ] {
      #expect(!SlackDay.isDay(name), "\(name)")
    }
  }
}

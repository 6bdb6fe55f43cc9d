import DaybookModel
import Testing

@testable import Importing

@Suite("A Slack export")
struct SlackExportTests {
  private func fault(_ body: () throws -> Void) -> DaybookError? {
    #expect(throws: DaybookError.self) { try body() }
  }

  @Test("users are called as in Slack; who can't be is called by Slack's id, always alike")
  func users() throws {
    let export = try SlackSamples.export([
      "users.json": """
      [{"id": "U3", "name": "Ann"}, {"id": "U1", "name": "ann"}, {"id": "U2", "name": "a b"},
       {"id": "U4", "name": "bot-b1"}, {"id": "U5"}, {"id": "U6", "name": "Žofie"}]
      """
    ])
    let names = ["U1", "U2", "U3", "U4", "U5", "U6", "U7", "USLACKBOT"].map {
      export.directory.person($0).id.text
    }
    #expect(names == ["ann", "u2", "ann-u3", "u4", "u5", "žofie", "u7", "slackbot"])
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
      ["U1", "U2", "U3", "U4"].map { directory.person($0).name } == ["Annie", "Bob B", "", "Dan"])
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

  @Test("channels become groups of their names; a name that can't be an id gives way to Slack's")
  func channels() throws {
    let long = String(repeating: "x", count: 80)
    let export = try SlackSamples.export([
      "channels.json": """
      [{"id": "C1", "name": "one"}, {"id": "C2", "name": "\(long)"}, {"id": "C3", "name": "日本"}]
      """,
      "groups.json": "[{\"id\": \"G1\", \"name\": \"one\"}]",
      "mpims.json": "[{\"id\": \"G2\", \"name\": \"mpdm-ann--bob-1\"}]",
      "dms.json":
        """
      [{"id": "D1", "members": ["U1", "U2"]}, {"id": "D2", "members": ["U1"]}]
      """,
    ])
    let (ann, bob) = (try UserID("ann"), try UserID("bob"))
    #expect(
      export.conversations.map(\.kind) == [
        .group(try GroupID("one"), .open), .group(try GroupID("c2"), .open),
        .group(try GroupID("日本"), .open), .group(try GroupID("g1"), .invitation),
        .group(try GroupID("mpdm-ann--bob-1"), .invitation), .direct(ann, bob), .direct(ann, ann),
      ])
    #expect(
      export.conversations.map(\.folder) == [
        "one", long, "日本", "one", "mpdm-ann--bob-1", "D1", "D2",
      ])
  }

  @Test("conversations are chosen by name or Slack's id, in the export's order")
  func choice() throws {
    let export = try SlackSamples.fixture()
    #expect(
      try export.conversations(named: ["D01", "garden", "garden"]).map(\.id) == ["C02", "D01"])
    let fault = fault { _ = try export.conversations(named: ["garden", "nowhere"]) }
    #expect(fault?.code == .invalidArgument && fault?.message.contains("nowhere") == true)
  }

  @Test(
    "that isn't one is refused, and the file and the place are named",
    arguments: [
      ("users.json", "", "users.json:1:1"),
      ("users.json", "[{\"id\": \"U1\"},\n}", "users.json:2:1"),
      ("users.json", "{}", "users.json"),
      ("users.json", "[{\"id\": \"U1\"}, {}]", "users.json, entry 2"),
      ("channels.json", "[3]", "channels.json, entry 1"),
      ("channels.json", "[{\"id\": \"C1\"}]", "channels.json, entry 1: it has no 'name'"),
      ("groups.json", "[{\"id\": 7, \"name\": \"x\"}]", "groups.json, entry 1: 'id' is no string"),
      ("dms.json", "[{\"id\": \"D1\", \"members\": []}]", "dms.json, entry 1"),
      ("dms.json", "[{\"id\": \"..\", \"members\": [\"U1\"]}]", "dms.json, entry 1"),
      ("groups.json", "[{\"id\": \"G1\", \"name\": \"../x\"}]", "groups.json, entry 1"),
    ])
  func malformed(file: String, content: String, place: String) {
    let fault = fault { _ = try SlackSamples.export([file: content]) }
    #expect(fault?.code == .invalidInput)
    #expect(fault?.message.hasPrefix(place) == true, "\(String(describing: fault))")
  }

  @Test("without its users or channels is refused", arguments: ["users.json", "channels.json"])
  func missing(file: String) {
    let fault = fault {
      _ = try SlackExport { name throws(DaybookError) in
        name.hasSuffix(file) ? nil : Array("[]".utf8)
      }
    }
    #expect(fault?.code == .invalidInput && fault?.message.contains(file) == true)
  }

  @Test(
    "a day whose entries are no messages of Slack's is refused with the place",
    arguments: [
      ("{\"type\": \"message\"}", "it has no 'ts'"), ("{\"ts\": \"1.0\"}", "it has no 'type'"),
      ("{\"type\": \"message\", \"ts\": \"soon\"}", "'ts' is no time"),
      ("{\"type\": \"message\", \"ts\": \"1.0\", \"thread_ts\": \"x\"}", "'thread_ts' is no time"),
      ("{\"type\": \"message\", \"ts\": \"1.0\", \"text\": 5}", "'text' is no string"),
    ])
  func entries(entry: String, reason: String) {
    let content = Array("[\(SlackSamples.entry(1, "U1", "x")), \(entry)]".utf8)
    let fault = fault {
      _ = try SlackDay(folder: "talk", name: "2024-03-01.json", content: content)
    }
    #expect(fault?.code == .invalidInput)
    #expect(fault?.message.hasPrefix("talk/2024-03-01.json, entry 2: \(reason)") == true)
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
    #expect(SlackDay.date(inName: "2024-03-01.json") == "2024-03-01")
    for name in [
      "2024-03-01", "canvas_in_.json", "2024_03_01.json", "02024-3-01.json", "é24-03-01.json",
    ] {
      #expect(SlackDay.date(inName: name) == nil, "\(name)")
    }
  }
}

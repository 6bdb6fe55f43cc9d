import DaybookModel
import Testing

@testable import Importing

@Suite("Faults in a Slack export")
struct SlackFaultTests {
  private static let users = SlackSamples.users
  private static let channels = """
    [{"id": "C1", "name": "talk", "creator": "ANN"}, {"id": "C2", "creator": "ANN"},
     {"id": "C3", "name": "other", "creator": "BOB"}]
    """

  private func read(_ files: [String: String]) throws -> (SlackImport, [String]) {
    let read = try SlackImport(MemoryFiles(files))
    return (read, read.findings.shown.map { "\($0.kind) \($0.place): \($0.reason)" })
  }

  private func said(_ read: SlackImport) -> [String] {
    read.conversations.flatMap { conversation in
      var course = read.course(of: conversation)
      var texts: [String] = []
      while let next = course.next() {
        for case .send(let sending) in next.commands.map(\.action) {
          texts.append(sending.text.text)
        }
      }
      return texts
    }
  }

  @Test(
    "an entry costs itself, and is named",
    arguments: [
      ("{\"type\": \"message\", \"user\": \"ANN\", \"text\": \"x\"}", "it has no 'ts'"),
      ("{\"ts\": \"1.5\"}", "it has no 'type'"),
      ("{\"type\": \"message\", \"ts\": \"soon\"}", "'ts' is no time"),
      ("{\"type\": \"message\", \"ts\": \"1.5\", \"thread_ts\": \"x\"}", "'thread_ts' is no time"),
      ("{\"type\": \"message\", \"ts\": \"1.5\", \"text\": 5}", "'text' is no string"),
      ("17", "it is no object"), ("{\"a\": tru}", "no valid JSON: this begins no value"),
    ])
  func entry(entry: String, reason: String) throws {
    let (read, findings) = try read([
      "users.json": SlackFaultTests.users, "channels.json": SlackFaultTests.channels,
      "talk/1970-01-01.json":
        "[\(SlackSamples.entry(1, "ANN", "one")), \(entry), \(SlackSamples.entry(2, "ANN", "two"))]",
    ])
    #expect(
      findings == [
        "bad_channel channels.json, entry 2: it has no 'name'",
        "bad_entry talk/1970-01-01.json, entry 2: \(reason)",
      ])
    #expect(said(read) == ["one", "two"])
    #expect(read.findings.lost == ["bad_channel": 1, "bad_entry": 1])
    #expect(read.entries == 2)
  }

  @Test(
    "a day costs itself; what stands before the fault is there",
    arguments: [
      ("{}", "it is no array", []), ("", "it is empty", []), ("no", "it is no array", []),
      (
        "[\(SlackSamples.entry(5, "ANN", "first")), {\"type\": \"mess", "it ends within entry 2",
        ["first"]
      ),
      (
        "[\(SlackSamples.entry(5, "ANN", "first"))] and", "something follows the end of its array",
        ["first"]
      ),
      (
        "[\(SlackSamples.entry(5, "ANN", "first")) \(SlackSamples.entry(6, "ANN", "second"))]",
        "',' or ']' is expected behind entry 1", ["first"]
      ),
    ])
  func day(content: String, reason: String, texts: [String]) throws {
    let (read, findings) = try read([
      "users.json": SlackFaultTests.users,
      "channels.json": "[{\"id\": \"C1\", \"name\": \"talk\"}]",
      "talk/1970-01-01.json": content,
      "talk/1970-01-02.json": "[\(SlackSamples.entry(90_000, "ANN", "next day"))]",
    ])
    #expect(findings == ["bad_day talk/1970-01-01.json: \(reason)"])
    #expect(said(read) == texts + ["next day"])
  }

  @Test("without users.json people are shown by their ids, or as their entries call them")
  func noUsers() throws {
    let profile = "\"user_profile\": {\"display_name\": \"\", \"real_name\": \"Ann A\"}"
    let (read, findings) = try read([
      "channels.json": "[{\"id\": \"C1\", \"name\": \"talk\"}]",
      "talk/1970-01-01.json":
        "[\(SlackSamples.entry(1, "U8", "one", profile)), \(SlackSamples.entry(2, "U9", "two"))]",
    ])
    #expect(
      findings == ["missing_file users.json: the export has none: people are shown by Slack's ids"])
    var course = read.course(of: read.conversations[0])
    let next = course.next()
    let commands = try #require(next).commands
    let names = commands.compactMap { command -> String? in
      if case .send(let sending) = command.action {
        "\(command.user) \(sending.senderName)"
      } else {
        nil
      }
    }
    #expect(names == ["u8 Ann A", "u9 "])
  }

  @Test("without channels.json each folder of days is a channel of its name")
  func noChannels() throws {
    let (read, findings) = try read([
      "users.json": SlackFaultTests.users,
      "dms.json": "[{\"id\": \"D1\", \"members\": [\"ANN\", \"BOB\"]}]",
      "talk/1970-01-01.json": "[\(SlackSamples.entry(1, "ANN", "one"))]",
      "D1/1970-01-01.json": "[\(SlackSamples.entry(1, "ANN", "two"))]",
      "mpdm-a--b-1/1970-01-01.json": "[\(SlackSamples.entry(1, "ANN", "three"))]",
    ])
    #expect(findings.count == 1 && findings[0].hasPrefix("missing_file channels.json: "))
    #expect(read.conversations.map(\.id) == ["D1", "mpdm-a--b-1", "talk"])
    #expect(
      read.conversations.map(\.kind).suffix(2) == [
        .group(try GroupID("mpdm-a--b-1"), .invitation), .group(try GroupID("talk"), .open),
      ])
    #expect(said(read) == ["two", "three", "one"])
  }

  @Test("a folder that no list names is left out, for it would be another group later")
  func unlisted() throws {
    let (read, findings) = try read([
      "users.json": SlackFaultTests.users, "channels.json": "[]",
      "talk/1970-01-01.json": "[\(SlackSamples.entry(1, "ANN", "one"))]", "notes/a.json": "{}",
    ])
    #expect(findings == ["unlisted_folder talk: no list of the export names this channel"])
    #expect(read.conversations.isEmpty)
  }

  @Test("who is in no list is noted once, and is there")
  func strangers() throws {
    let (read, findings) = try read([
      "users.json": SlackFaultTests.users,
      "channels.json": "[{\"id\": \"C1\", \"name\": \"talk\"}]",
      "talk/1970-01-01.json":
        "[\(SlackSamples.entry(1, "U9", "one")), \(SlackSamples.entry(2, "U9", "two"))]",
    ])
    #expect(
      findings == [
        "unknown_user talk/1970-01-01.json, entry 1: no list names U9: shown by Slack's id"
      ])
    #expect(said(read) == ["one", "two"] && read.findings.lost.isEmpty)
  }

  @Test("an export in a folder of its own is found, the uppermost of several")
  func root() throws {
    let (read, findings) = try read([
      "backup/users.json": SlackFaultTests.users, "backup/old/channels.json": "[]",
      "backup/channels.json": "[{\"id\": \"C1\", \"name\": \"talk\"}]",
      "backup/talk/1970-01-01.json": "[\(SlackSamples.entry(1, "ANN", "one"))]", "readme.txt": "",
    ])
    #expect(findings.isEmpty && said(read) == ["one"])
  }

  @Test("a day that is out of order is put in order; a second message of one time is left out")
  func order() throws {
    let (read, _) = try read([
      "users.json": SlackFaultTests.users,
      "channels.json": "[{\"id\": \"C1\", \"name\": \"talk\"}]",
      "talk/1970-01-01.json": "["
        + [
          SlackSamples.entry(3, "ANN", "three"), SlackSamples.entry(1, "ANN", "one"),
          SlackSamples.entry(2, "ANN", "two"), SlackSamples.entry(2, "BOB", "two again"),
        ].joined(separator: ",") + "]",
    ])
    #expect(said(read) == ["one", "two", "three"])
  }

  @Test("of a long day no more commands are held than are asked for, and of its messages none")
  func bounded() throws {
    let entries = (1...20_000).map { index in
      SlackSamples.entry(index, "ANN", "reply \(index)", "\"thread_ts\": \"\(index % 10 + 1).0\"")
    }
    let read = try SlackImport(
      SlackSamples.files(days: [entries.joined(separator: ",")]))
    #expect(read.entries == 20_000)
    var course = read.course(of: read.conversations[0])
    var most = 0
    var count = 0
    while let next = course.next(commandsMax: 256) {
      most = max(most, next.commands.count)
      count += next.commands.count
      // Ten messages have answers.
      #expect(course.plan.sent.count <= 10)
    }
    #expect(count == 20_002 && most <= 260)
  }
}

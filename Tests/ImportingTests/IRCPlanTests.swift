import DaybookModel
import Foundation
import Testing

@testable import Importing

@Suite("The plan of an IRC log")
struct IRCPlanTests {
  private func plan(_ lines: String...) throws -> IRCPlan {
    try IRCPlan(
      fileName: "2004-12-25.txt", content: Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  private func shown(_ plan: IRCPlan) -> [String] {
    plan.commands.map { command in
      switch command.action {
      case .join: "\(command.number) \(command.user) joins"
      case .leave: "\(command.number) \(command.user) leaves"
      case .send(let text, _, _): "\(command.number) \(command.user): \(text)"
      }
    }
  }

  @Test("somebody who speaks without having joined joins first, once")
  func impliedJoin() throws {
    let plan = try plan("[09:14] <ann> one", "[09:15] <ann> two")
    #expect(shown(plan) == ["2 ann joins", "3 ann: one", "5 ann: two"])
    #expect(plan.commands.map(\.role) == [.impliedJoin, .message, .message])
  }

  @Test("who joined or came by a rename needs no implied join; who left does")
  func membership() throws {
    let plan = try plan(
      "=== ann [host]  has joined #ubuntu", "[09:14] <Ann> one", "=== ann is now known as bob",
      "[09:15] <bob> two", "=== bob [host]  has left #ubuntu []", "[09:16] <bob> three",
      "[09:16] <ann> four")
    #expect(
      shown(plan) == [
        "2 ann joins", "5 ann: one", "6 ann leaves", "7 bob joins", "9 bob: two", "10 bob leaves",
        "12 bob joins", "13 bob: three", "14 ann joins", "15 ann: four",
      ])
  }

  @Test("nicks are the same user whatever their ASCII case, and are shown as written")
  func nickCase() throws {
    let plan = try plan("[09:14] <Ann> one", "[09:15] <ann> two")
    #expect(plan.commands.map(\.user.text) == ["ann", "ann", "ann"])
    let names = plan.commands.compactMap { command -> String? in
      if case .send(_, _, let name) = command.action { name } else { nil }
    }
    #expect(names == ["Ann", ""])
  }

  @Test("a rename that changes the case only makes nobody leave")
  func caseRename() throws {
    let plan = try plan("=== ann [host]  has joined #ubuntu", "=== ann is now known as Ann")
    #expect(shown(plan) == ["2 ann joins", "5 ann joins"])
    #expect(plan.commands.map(\.role) == [.join, .renameJoin])
  }

  @Test("the time is the file's date and the line's minute, in UTC")
  func time() throws {
    guard case .send(_, let time, _) = try plan("[09:14] <ann> x").commands[1].action else {
      Issue.record("the second command is no send")
      return
    }
    #expect(time.rfc3339 == "2004-12-25T09:14:00.000Z")
  }

  @Test(
    "a file without a date, in its name or its lines, is refused",
    arguments: ["x.txt", "2004-13-01.txt", ""])
  func noDate(name: String) {
    let error = #expect(throws: DaybookError.self) {
      try IRCPlan(fileName: name, content: Array("[09:14] <ann> x\n".utf8))
    }
    #expect(error?.message.contains("no date") == true)
  }

  private func times(_ lines: String...) throws -> [String] {
    try plan(lines).commands.compactMap { command in
      if case .send(_, let time, _) = command.action {
        String(time.rfc3339.dropLast(8))
      } else {
        nil
      }
    }
  }

  private func plan(_ lines: [String]) throws -> IRCPlan {
    try IRCPlan(
      fileName: "2004-12-25.txt", content: Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  @Test("time goes on over midnight, once and again; a clock set back a little is no new day")
  func midnight() throws {
    #expect(
      try times("[23:58] <a> x", "[23:59] <b> x", "[00:01] <a> x", "[00:00] <b> x", "[23:59] <a> x")
        == [
          "2004-12-25T23:58", "2004-12-25T23:59", "2004-12-26T00:01", "2004-12-26T00:00",
          "2004-12-25T23:59",
        ])
    #expect(
      try times("[13:00] <a> x", "[00:30] <a> x", "[23:00] <a> x", "[22:59] <a> x", "[05:00] <a> x")
        == [
          "2004-12-25T13:00", "2004-12-26T00:30", "2004-12-26T23:00", "2004-12-26T22:59",
          "2004-12-27T05:00",
        ])
  }

  @Test("a log whose hours begin anew after noon goes on in the afternoon")
  func twelveHours() throws {
    #expect(
      try times("[11:55] <a> x", "[00:05] <b> x", "[06:00] <b> x") == [
        "2004-12-25T11:55", "2004-12-25T12:05", "2004-12-25T18:00",
      ])
    #expect(
      try times("[12:57] <a> x", "[01:03] <b> x") == ["2004-12-25T12:57", "2004-12-25T13:03"])
  }

  @Test("actions and notices are messages as clients show them, and their authors are there")
  func kinds() throws {
    let plan = try plan(
      "[10:00] <ana> hi", "[10:01]  * Ana waves at ben", "=== ben waves back",
      "[10:02] -ana:#x- a notice", "=== mode/#x [+o ana]  by ben", "what?")
    #expect(
      shown(plan) == [
        "2 ana joins", "3 ana: hi", "5 ana: * Ana waves at ben", "6 ben joins",
        "7 ben: * ben waves back", "9 ana: -ana- a notice",
      ])
    #expect(
      plan.commands.map(\.role) == [
        .impliedJoin, .message, .action, .impliedJoin, .action, .notice,
      ])
    #expect(plan.skipped == ["mode": 1, "unknown": 1])
    // Without a time of its own it has that of the line before.
    guard case .send(_, let time, _) = plan.commands[4].action else { return }
    #expect(time.rfc3339 == "2004-12-25T10:01:00.000Z")
  }

  @Test("a nick that ends in ] is renamed as the file says: nobody else is there in the end")
  func bracketNick() throws {
    let plan = try plan(
      "[10:00] <ana[away]> here", "=== ana[away] is now known as ana", "[10:01] <ana> back")
    #expect(
      shown(plan) == [
        "2 ana[away] joins", "3 ana[away]: here", "4 ana[away] leaves", "5 ana joins",
        "7 ana: back",
      ])
  }

  private func users(_ bytes: [UInt8], _ encoding: IRCEncoding) throws -> [String] {
    let plan = try IRCPlan(
      fileName: "2004-12-25.txt", content: bytes, IRCPlan.Reading(encoding: encoding))
    return plan.commands.compactMap { command in
      if case .send(let text, _, _) = command.action { "\(command.user): \(text)" } else { nil }
    } + plan.unusable.map { "line \($0.line) is unusable" }
      + (plan.recoded > 0 ? ["\(plan.recoded) recoded"] : [])
  }

  @Test("who differs by a letter is somebody else, in whatever encoding; bad UTF-8 is nobody")
  func encodings() throws {
    let log =
      Array("[10:00] <ren".utf8) + [0xe9] + Array("> caf".utf8) + [0xe9, 0x0a]
      + Array("[10:01] <ren".utf8) + [0xe8] + Array("> x".utf8) + [0x80, 0x0a]
      + Array("[10:02] <zoë> ü\n".utf8)
    #expect(
      try users(log, .automatic) == ["rené: café", "renè: x€", "zoë: ü", "2 recoded"])
    #expect(
      try users(log, .windows1252) == ["rené: café", "renè: x€", "zoÃ«: Ã¼"])
    #expect(try users(log, .latin1).prefix(2) == ["rené: café", "renè: x\u{80}"])
    #expect(
      try users(log, .utf8) == ["zoë: ü", "line 1 is unusable", "line 2 is unusable"])
    #expect(IRCEncoding.latin9.text([0xa4, 0xe9]) == "€é")
  }

  @Test("a byte order mark is no part of the first line; UTF-16 is refused by name")
  func byteOrderMark() throws {
    let marked = try IRCPlan(
      fileName: "2004-12-25.txt", content: [0xef, 0xbb, 0xbf] + Array("[09:14] <ann> x\n".utf8))
    #expect(shown(marked) == ["2 ann joins", "3 ann: x"])
    let error = #expect(throws: DaybookError.self) {
      try IRCPlan(fileName: "2004-12-25.txt", content: [0xff, 0xfe, 0x5b, 0x00])
    }
    #expect(error?.message.contains("UTF-16") == true)
  }

  @Test("a nick that can't be an id is reported with its line and stops nothing")
  func unusable() throws {
    let plan = try plan("[09:14] <a/b> one", "[09:15] <ann> two")
    #expect(plan.unusable.map(\.line) == [1])
    #expect(shown(plan) == ["4 ann joins", "5 ann: two"])
  }

  @Test("a last line without its newline counts, an empty rest doesn't; CR LF ends a line too")
  func lineEnds() throws {
    let open = try IRCPlan(fileName: "2004-12-25", content: Array("[09:14] <ann> x".utf8))
    let crlf = try IRCPlan(fileName: "2004-12-25", content: Array("[09:14] <ann> x\r\n".utf8))
    #expect(open.commands == crlf.commands)
    #expect(open.lineCount == 1 && crlf.lineCount == 1)
    #expect(try IRCPlan(fileName: "2004-12-25", content: [] as [UInt8]).lineCount == 0)
  }
}

@Suite("The fixtures")
struct IRCFixtureTests {
  static let names = [
    "2005-02-08.train-a.txt", "2005-05-19.train-a.txt", "2006-06-01.train-a.txt",
  ]

  static func content(_ name: String) throws -> Data {
    let tests = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent()
    return try Data(contentsOf: tests.appendingPathComponent("Fixtures/irc/\(name)"))
  }

  @Test(
    "have as many messages, stated joins, leaves and renames as were counted by hand",
    arguments: zip(names, [[929, 266, 21, 9], [1012, 137, 19, 18], [1721, 290, 95, 8]]))
  func golden(name: String, expected: [Int]) throws {
    let plan = try IRCPlan(fileName: name, content: try IRCFixtureTests.content(name))
    func count(_ role: PlannedCommand.Role) -> Int {
      plan.commands.count { $0.role == role }
    }
    #expect([count(.message), count(.join), count(.leave), count(.renameJoin)] == expected)
    #expect(plan.unusable.isEmpty)
  }

  @Test("keep every text, as an independent pattern finds them", arguments: names)
  func texts(name: String) throws {
    let content = try IRCFixtureTests.content(name)
    let plan = try IRCPlan(fileName: name, content: content)
    let planned = plan.commands.filter { $0.role == .message }.compactMap { command -> String? in
      if case .send(let text, _, _) = command.action { text } else { nil }
    }
    let pattern = /^\[\d\d:\d\d\] <[^>]*>(?: (.*))?$/
    let found = String(decoding: content, as: UTF8.self).split(separator: "\n").compactMap {
      $0.wholeMatch(of: pattern).map { String($0.1 ?? "") }
    }
    #expect(planned == found)
  }

  @Test("never use a number twice, and only rising ones", arguments: names)
  func numbers(name: String) throws {
    let plan = try IRCPlan(fileName: name, content: try IRCFixtureTests.content(name))
    let numbers = plan.commands.map(\.number)
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
    #expect(plan.commands.allSatisfy { $0.number / 2 == UInt64($0.line) })
  }

  @Test("make the same plan every time", arguments: names)
  func purity(name: String) throws {
    let content = try IRCFixtureTests.content(name)
    let first = try IRCPlan(fileName: name, content: content)
    let second = try IRCPlan(fileName: name, content: content)
    #expect(first.commands == second.commands)
  }
}

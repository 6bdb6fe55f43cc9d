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

  @Test("a file without a date in its name is refused", arguments: ["x.txt", "2004-13-01.txt", ""])
  func noDate(name: String) {
    #expect(throws: DaybookError.self) { try IRCPlan(fileName: name, content: []) }
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
    #expect(try IRCPlan(fileName: "2004-12-25", content: []).lineCount == 0)
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
    let planned = plan.commands.compactMap { command -> String? in
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

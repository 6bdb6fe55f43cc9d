import DaybookModel
import Foundation
import Testing

@testable import Importing

/// Small exports, and plans in words.
enum SlackSamples {
  static let users = """
    [{"id": "U1", "name": "ann"}, {"id": "U2", "name": "bob"}, {"id": "U3", "name": "cat"},
     {"id": "U4", "name": "dan", "profile": {"display_name": "Dan D."}}]
    """

  enum Kind: String { case channels, groups, dms }

  static func export(_ files: [String: String]) throws -> SlackExport {
    var files = files
    files["users.json"] = files["users.json"] ?? users
    files["channels.json"] = files["channels.json"] ?? "[]"
    return try SlackExport { name throws(DaybookError) in files[name].map { Array($0.utf8) } }
  }

  /// A conversation `C1`, whose entries are those of the days from 1970-01-01 on.
  static func plan(
    _ kind: Kind = .channels, members: [String] = [], topic: String? = nil, days: [String]
  ) throws -> SlackPlan {
    let list = members.map { "\"\($0)\"" }.joined(separator: ",")
    let entry = """
      [{"id": "C1", "name": "talk", "creator": "U1", "members": [\(list)],
        "topic": \(topic.map { "{\"value\": \"\($0)\"}" } ?? "null")}]
      """
    let export = try export(["\(kind.rawValue).json": entry])
    let read = try days.enumerated().map { index, content in
      try SlackDay(
        folder: "talk", name: "1970-01-0\(index + 1).json", content: Array("[\(content)]".utf8))
    }
    return SlackPlan(export.conversations[0], days: read, directory: export.directory)
  }

  static func plan(members: [String] = [], _ entries: String...) throws -> SlackPlan {
    try plan(members: members, days: [entries.joined(separator: ",")])
  }

  static func plan(
    _ kind: Kind, members: [String] = [], _ entries: String...
  ) throws -> SlackPlan {
    try plan(kind, members: members, days: [entries.joined(separator: ",")])
  }

  /// An entry of the second `at`.
  static func entry(_ at: Int, _ user: String, _ text: String, _ more: String = "") -> String {
    let rest = more.isEmpty ? "" : ", \(more)"
    return """
      {"type": "message", "ts": "\(at).000000", "user": "\(user)", "text": "\(text)"\(rest)}
      """
  }

  static func entry(_ at: Int, _ user: String, subtype: String, _ more: String = "") -> String {
    entry(at, user, "", "\"subtype\": \"\(subtype)\"" + (more.isEmpty ? "" : ", \(more)"))
  }

  /// Messages by the place of their command among all.
  static func shown(_ plan: SlackPlan) -> [String] {
    plan.commands.map { command in
      let direct = command.conversation.kind == .user ? " (to \(command.conversation.id))" : ""
      return "\(command.user)\(direct) " + shown(command.action)
    }
  }

  private static func shown(_ action: SlackCommand.Action) -> String {
    switch action {
    case .createGroup(let title, let policy): "makes \(title), \(policy.name)"
    case .describe(let text): "describes: \(text)"
    case .invite(let user): "invites \(user)"
    case .join: "joins"
    case .leave: "leaves"
    case .send(let sending):
      (sending.replyTo.map { "answers \($0): " } ?? "says: ") + sending.text.text
    case .edit(let message, let text): "edits \(message): \(text)"
    case .recall(let message): "recalls \(message)"
    case .react(let message, let reaction): "reacts to \(message): \(reaction)"
    }
  }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/slack")

  static func fixture() throws -> SlackExport {
    try SlackExport { name throws(DaybookError) in
      (try? Data(contentsOf: folder.appendingPathComponent(name))).map { [UInt8]($0) }
    }
  }

  /// The plan of one conversation of the fixture.
  static func fixture(_ name: String) throws -> SlackPlan {
    let export = try fixture()
    let conversation = try #require(try export.conversations(named: [name]).first)
    let path = folder.appendingPathComponent(conversation.folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path.path)) ?? []
    let days = try names.filter { SlackDay.date(inName: $0) != nil }.map { name in
      try SlackDay(
        folder: conversation.folder, name: name,
        content: [UInt8](try Data(contentsOf: path.appendingPathComponent(name))))
    }
    return SlackPlan(conversation, days: days, directory: export.directory)
  }
}

import DaybookModel
import Foundation
import Testing

@testable import Importing

/// Small exports, and plans in words.
enum SlackSamples {
  static let users = """
    [{"id": "ANN", "name": "ann"}, {"id": "BOB", "name": "bob"}, {"id": "CAT", "name": "cat"},
     {"id": "DAN", "name": "dan", "profile": {"display_name": "Dan D."}}]
    """

  enum Kind: String { case channels, groups, dms }

  static func export(_ files: [String: String]) throws -> SlackExport {
    var files = files
    files["users.json"] = files["users.json"] ?? users
    files["channels.json"] = files["channels.json"] ?? "[]"
    return try SlackExport(MemoryFiles(files))
  }

  /// All commands of a conversation, and what nothing is made of.
  struct Planned {
    var commands: [SlackCommand]
    var skipped: [String: Int]
    var conversation: SlackConversation
    var findings: SlackFindings

    /// The commands whose message others are about.
    var referenced: [Int] { commands.indices.filter { commands[$0].isReferenced } }
  }

  static func plan(
    _ files: any ExportFiles, channel: String? = nil, commandsMax: Int = 1_000_000
  ) throws -> Planned {
    let read = try SlackImport(files, channels: channel)
    var course = read.course(of: read.conversations[0])
    var commands: [SlackCommand] = []
    while let next = course.next(commandsMax: commandsMax) {
      #expect(next.first == commands.count)
      commands += next.commands
    }
    return Planned(
      commands: commands, skipped: course.plan.skipped, conversation: read.conversations[0],
      findings: read.findings)
  }

  /// A conversation `C1`, whose entries are those of the days from 1970-01-01 on.
  static func files(
    _ kind: Kind = .channels, members: [String] = [], topic: String? = nil, days: [String],
    users: String = SlackSamples.users, name: String = "talk"
  ) -> MemoryFiles {
    let list = members.map { "\"\($0)\"" }.joined(separator: ",")
    let entry = """
      [{"id": "C1", "name": "\(name)", "creator": "ANN", "members": [\(list)],
        "topic": \(topic.map { "{\"value\": \"\($0)\"}" } ?? "null")}]
      """
    var files = ["users.json": users, "channels.json": "[]"]
    files["\(kind.rawValue).json"] = entry
    let folder = kind == .dms ? "C1" : name
    for (index, content) in days.enumerated() {
      files["\(folder)/1970-01-0\(index + 1).json"] = "[\(content)]"
    }
    return MemoryFiles(files)
  }

  static func plan(
    _ kind: Kind = .channels, members: [String] = [], topic: String? = nil, days: [String]
  ) throws -> Planned {
    try plan(files(kind, members: members, topic: topic, days: days))
  }

  static func plan(members: [String] = [], _ entries: String...) throws -> Planned {
    try plan(members: members, days: [entries.joined(separator: ",")])
  }

  static func plan(
    _ kind: Kind, members: [String] = [], _ entries: String...
  ) throws -> Planned {
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

  /// Messages by the place of their command among all; but for the title that the group has already.
  static func shown(_ plan: Planned) -> [String] {
    plan.commands.compactMap { command in
      if case .renameIfOther = command.action { return nil }
      let direct = command.conversation.kind == .user ? " (to \(command.conversation.id))" : ""
      return "\(command.user)\(direct) " + shown(command.action)
    }
  }

  private static func shown(_ action: SlackCommand.Action) -> String {
    switch action {
    case .createGroup(let title, let policy): "makes \(title), \(policy.name)"
    case .describe(let text): "describes: \(text)"
    case .rename(let title), .renameIfOther(let title): "calls it \(title)"
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

  static func fixture() throws -> SlackImport { try SlackImport(path: folder.path) }

  /// The plan of one conversation of the fixture.
  static func fixture(_ name: String) throws -> Planned {
    try plan(try FolderFiles(path: folder.path), channel: name)
  }
}

/// Files of an export that lie nowhere.
struct MemoryFiles: ExportFiles {
  let paths: [String]
  let refused: [ImportFault] = []
  private let contents: [String: String]

  init(_ contents: [String: String]) {
    self.contents = contents
    paths = contents.keys.sorted()
  }

  func open(_ path: String) throws(DaybookError) -> any ByteSource {
    guard let content = contents[path] else { throw DaybookError(.invalidInput, "there is none") }
    return BytesSource(Array(content.utf8))
  }
}

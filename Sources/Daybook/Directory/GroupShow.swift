import ArgumentParser
import DaybookModel
import Ports

/// Prints a group: what is set, and everyone who is a member or was.
struct GroupShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print a group, its members and former members with roles and stays.",
    discussion: "With --json: the group's object first, then one for each member.")

  @OptionGroup var asked: AskedOption

  @Argument(help: "The group.")
  var group: String

  @OptionGroup var json: JSONOption

  private static let pageMax = 1_000

  func run() async throws {
    let group = try GroupID.parse(group, "the group")
    try await asked.asking { answers in
      let details = try await answers.conversations.groupDetails(group)
      var output = StandardOutput()
      if json.isSet {
        try output.line(GroupShow.json(details))
      } else {
        for line in GroupShow.text(details) { try output.line(line) }
        try output.line("")
        try output.line(MemberLine.heading)
      }
      var after: UserID?
      while true {
        let page = try await answers.inspection.memberships(
          of: group, after: after, limit: Self.pageMax)
        for membership in page {
          let line = MemberLine(membership)
          if json.isSet { try output.line(line.json) } else { try output.line(line.text) }
        }
        guard page.count == Self.pageMax, let last = page.last else { break }
        after = last.user
      }
      try output.flush()
    }
  }

  private static func json(_ details: GroupDetails) -> JSONLine {
    let profile = details.profile
    var line = JSONLine()
    line.set("group", profile.group.text)
    line.set("title", profile.settings.title)
    line.set("description", profile.settings.description)
    line.set("join_policy", profile.settings.joinPolicy.name)
    line.set("history_shown", profile.settings.isHistoryShown)
    line.set("silenced", profile.settings.isSilenced)
    line.set("owner", profile.owner?.text)
    line.set("members", profile.members)
    line.set("created_by", details.creator.text.isEmpty ? nil : details.creator.text)
    line.set("created_at", details.createdAt == .none ? nil : details.createdAt.rfc3339)
    line.set("dissolved_at", details.dissolvedAt == .none ? nil : details.dissolvedAt.rfc3339)
    line.set("invited", details.invited.map(\.text))
    line.set("requests", profile.requests.map(\.text))
    return line
  }

  private static func text(_ details: GroupDetails) -> [String] {
    let profile = details.profile
    let settings = profile.settings
    var facts: [(String, String)] = [
      ("group", profile.group.text), ("title", settings.title),
      ("description", settings.description), ("join policy", settings.joinPolicy.name),
      ("history before joining", settings.isHistoryShown ? "shown" : "not shown"),
      ("everyone silenced", settings.isSilenced ? "yes" : "no"),
      ("owner", profile.owner?.text ?? "-"), ("members", "\(profile.members)"),
      (
        "created",
        details.createdAt == .none ? "-" : "\(details.createdAt.rfc3339) by \(details.creator)"
      ),
    ]
    if details.dissolvedAt != .none { facts.append(("dissolved", details.dissolvedAt.rfc3339)) }
    if !details.invited.isEmpty { facts.append(("invited", list(details.invited))) }
    if !profile.requests.isEmpty { facts.append(("ask to join", list(profile.requests))) }
    return Facts.lines(facts)
  }

  private static func list(_ users: [UserID]) -> String {
    users.map(\.text).joined(separator: ", ")
  }
}

/// A member, or a former one, as `group show` lists it.
struct MemberLine {
  private let membership: MembershipDetails

  init(_ membership: MembershipDetails) { self.membership = membership }

  static let heading = columns("user", "role", "from seq", "to seq", "from", "to")

  var json: JSONLine {
    var line = JSONLine()
    line.set("user", membership.user.text)
    line.set("role", membership.role?.name)
    line.set("silenced", membership.isSilenced)
    line.set("stays", membership.stays.map(StayLine.json))
    return line
  }

  /// A line a stay.
  var text: String {
    let role = membership.role?.name ?? "-"
    let state = membership.isSilenced ? "\(role), silenced" : role
    // Who asks may not be told when each came.
    if membership.stays.isEmpty {
      return MemberLine.columns(Terminal.safe(membership.user.text), state, "-", "-", "-", "-")
    }
    return membership.stays.enumerated().map { index, stay in
      MemberLine.columns(
        index == 0 ? Terminal.safe(membership.user.text) : "", index == 0 ? state : "",
        "\(stay.seqs.first)", stay.seqs.last.map { "\($0)" } ?? "-", stay.began.rfc3339,
        stay.ended == .none ? "-" : stay.ended.rfc3339)
    }.joined(separator: "\n")
  }

  private static func columns(
    _ user: String, _ role: String, _ first: String, _ last: String, _ began: String,
    _ ended: String
  ) -> String {
    [
      Terminal.padded(user, to: 24, .left), Terminal.padded(role, to: 16, .left),
      Terminal.padded(first, to: 9, .right), Terminal.padded(last, to: 9, .right),
      Terminal.padded(began, to: 24, .left), ended,
    ].joined(separator: "  ")
  }
}

enum StayLine {
  static func json(_ stay: StayDetails) -> JSONLine {
    var line = JSONLine()
    line.set("from_seq", stay.seqs.first.rawValue)
    if let last = stay.seqs.last {
      line.set("to_seq", last.rawValue)
    } else {
      line.set("to_seq", nil)
    }
    line.set("from", stay.began.rfc3339)
    line.set("to", stay.ended == .none ? nil : stay.ended.rfc3339)
    return line
  }
}

/// Names and values under each other.
enum Facts {
  static func lines(_ facts: [(name: String, value: String)]) -> [String] {
    let width = facts.map(\.name.count).max() ?? 0
    return facts.map { fact in
      "\(Terminal.padded(fact.name, to: width, .left))  \(Terminal.safe(fact.value))"
    }
  }
}

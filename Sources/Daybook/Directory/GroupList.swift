import ArgumentParser
import DaybookModel
import Logging
import Ports

/// Prints all groups.
struct GroupList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Print all groups, in order of their ids' bytes.",
    discussion: """
      Dissolved groups are among them: their history stays. With a device's token, those that its \
      user is in, and standard error says so.
      """)

  @OptionGroup var asked: AskedOption
  @OptionGroup var json: JSONOption

  func run() async throws {
    try await asked.asking { answers in
      if let user = answers.user {
        OperatorLog.logger.notice(
          "these are the groups that \(user) is in; a service's token lists all",
          metadata: ["user": "\(user)"])
      }
      try await Listing.print(
        [
          ("group", .left), ("members", .right), ("join policy", .left), ("created", .left),
          ("dissolved", .left), ("title", .left),
        ],
        asJSON: json.isSet,
        next: { (last: GroupSummary?, limit) in
          guard let user = answers.user else {
            return try await answers.inspection.groups(after: last?.group, limit: limit)
          }
          return try await answers.groups(of: user, after: last?.group, limit: limit)
        },
        cells: { group in
          [
            group.group.text, "\(group.members)", group.joinPolicy.name, group.createdAt.rfc3339,
            group.dissolvedAt == .none ? "-" : group.dissolvedAt.rfc3339, group.title,
          ]
        },
        line: { group in
          var line = JSONLine()
          line.set("group", group.group.text)
          line.set("title", group.title)
          line.set("members", group.members)
          line.set("join_policy", group.joinPolicy.name)
          line.set("created_at", group.createdAt.rfc3339)
          line.set(
            "dissolved_at", group.dissolvedAt == .none ? nil : group.dissolvedAt.rfc3339)
          return line
        })
    }
  }
}

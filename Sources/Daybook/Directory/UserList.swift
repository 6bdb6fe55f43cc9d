import ArgumentParser
import DaybookModel
import Ports

/// Prints all users.
struct UserList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Print everybody who has a mailbox, in order of their ids' bytes.",
    discussion: """
      A user is there from the first event of the mailbox on: the first session, or the first \
      message to or from them.
      """)

  @OptionGroup var asked: AskedOption
  @OptionGroup var json: JSONOption

  func run() async throws {
    try await asked.asking { answers in
      try await Listing.print(
        [("user", .left), ("devices", .right), ("first seen", .left), ("last seen", .left)],
        asJSON: json.isSet,
        next: { (last: UserSummary?, limit) in
          try await answers.inspection.users(after: last?.user, limit: limit)
        },
        cells: { user in
          [
            user.user.text, "\(user.devices)", user.firstSeen.rfc3339,
            user.lastSeen == .none ? "-" : user.lastSeen.rfc3339,
          ]
        },
        line: { user in
          var line = JSONLine()
          line.set("user", user.user.text)
          line.set("devices", user.devices)
          line.set("first_seen", user.firstSeen.rfc3339)
          line.set("last_seen", user.lastSeen == .none ? nil : user.lastSeen.rfc3339)
          return line
        })
    }
  }
}

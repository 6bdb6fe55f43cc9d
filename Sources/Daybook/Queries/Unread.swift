import ArgumentParser
import DaybookModel
import Ports

/// Prints how much a user has not read.
struct Unread: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a user's conversations with unread messages.")

  @OptionGroup var asked: AskedOption

  @Option(help: "Whose; without it, the token's user's.")
  var user: String?

  @OptionGroup var json: JSONOption

  func validate() throws { try asked.require(user, "whose (--user)") }

  func run() async throws {
    let named = try UserID.parse(ifSaid: user, "--user")
    try await asked.asking { answers in
      let user = try answers.owner(named)
      let counts = try await answers.inspection.unread(of: user)
      // Who has read everything is known, and who never was here isn't.
      if counts.isEmpty { _ = try await answers.inspection.userDetails(user) }
      var output = StandardOutput()
      if json.isSet {
        for count in counts {
          var line = JSONLine()
          line.set("conversation", count.conversation.description)
          line.set("unread", count.unread)
          line.set("mentions", count.mentions)
          line.set("quiet", count.isQuiet)
          line.set("marked", count.isMarked)
          try output.line(line)
        }
      } else {
        var table = TextTable([
          ("conversation", .left), ("unread", .right), ("mentions", .right), ("", .left),
        ])
        for count in counts {
          let notes = [count.isQuiet ? "quiet" : nil, count.isMarked ? "marked" : nil]
          table.add([
            Terminal.safe(count.conversation.description), "\(count.unread)", "\(count.mentions)",
            notes.compactMap { $0 }.joined(separator: ", "),
          ])
        }
        for line in table.lines { try output.line(line) }
      }
      try output.flush()
    }
  }
}

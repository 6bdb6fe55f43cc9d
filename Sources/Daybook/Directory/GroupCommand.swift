import ArgumentParser

struct GroupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "group", abstract: "Look at groups.",
    subcommands: [GroupList.self, GroupShow.self])
}

import ArgumentParser

struct UserCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user", abstract: "Look at users.", subcommands: [UserList.self, UserShow.self])
}

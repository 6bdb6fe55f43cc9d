import ArgumentParser

struct StreamCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream", abstract: "Look at streams.", subcommands: [StreamList.self])
}

import ArgumentParser

/// Brings chat from elsewhere into a Daybook.
struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Bring chat from elsewhere into a running Daybook.",
    subcommands: [ImportIRC.self, ImportSlack.self])
}

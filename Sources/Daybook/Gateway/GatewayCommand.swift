import ArgumentParser

struct GatewayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gateway", abstract: "Look at a running server's gateway.",
    subcommands: [GatewayAbuse.self])
}

import ArgumentParser
import DaybookModel
import Ports
import Server

/// Makes a token.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Make a token for a user's device, or for a service.",
    discussion: "Prints the token and nothing else. Works beside a running server.")

  @OptionGroup var data: DataOption

  @Option(help: "The user whom the token speaks for.")
  var user: String?

  @Option(help: "The user's device.")
  var device: String?

  @Option(help: "A service: it may act for any user, and its events record both.")
  var service: String?

  @Option(help: "For how many seconds the token is good.")
  var expiresIn = DataFolder.tokenSeconds.standard

  func validate() throws {
    let isComplete =
      service == nil ? user != nil && device != nil : user == nil && device == nil
    guard isComplete else {
      throw ValidationError("say either --user and --device, or --service")
    }
    guard (1...DataFolder.tokenSeconds.most).contains(expiresIn) else {
      throw ValidationError("--expires-in is 1 to \(DataFolder.tokenSeconds.most) seconds")
    }
  }

  func run() async throws {
    let principal = try principal()
    let folder = try data.open()
    let tokens = try await folder.tokens()
    try printToStandardOutput(try await tokens.issue(principal, expiresInSeconds: expiresIn))
  }

  private func principal() throws(DaybookError) -> Principal {
    if let service { return .service(try ServiceID.parse(service, "--service")) }
    return .device(
      try UserID.parse(user ?? "", "--user"), try DeviceID.parse(device ?? "", "--device"))
  }
}

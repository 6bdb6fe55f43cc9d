import ArgumentParser
import DaybookModel
import Ports
import Server

/// Makes a token.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Make a token for a user's device, or for a service.",
    discussion: """
      Prints the token and nothing else; with --json also its id, by which 'daybook revoke' makes it void. \
      Works beside a running server.
      """)

  @OptionGroup var data: DataOption

  @Option(help: "The user whom the token speaks for.")
  var user: String?

  @Option(help: "The user's device.")
  var device: String?

  @Option(
    name: .customLong("class"),
    help: "What kind of device it is, as 'phone': a server may let one of each class be there.")
  var deviceClass: String?

  @Option(help: "A service: it may act for any user, and its events record both.")
  var service: String?

  @Option(
    help: "For how long the token is good: 90d, 12h, 1h30m, 1w2d, or seconds.",
    transform: TimeSpan.parse)
  var expiresIn = TimeSpan(seconds: DataFolder.tokenSeconds.standard)

  @OptionGroup var json: JSONOption

  func validate() throws {
    let isComplete =
      service == nil ? user != nil && device != nil : user == nil && device == nil
    guard isComplete else {
      throw ValidationError("say either --user and --device, or --service")
    }
    guard service == nil || deviceClass == nil else {
      throw ValidationError("--class is of a device: a service has none")
    }
    guard (1...DataFolder.tokenSeconds.most).contains(expiresIn.seconds) else {
      throw ValidationError(
        "--expires-in is 1s to \(TimeSpan(seconds: DataFolder.tokenSeconds.most)), not \(expiresIn)"
      )
    }
  }

  func run() async throws {
    let principal = try principal()
    let named = try DeviceClass.parse(ifSaid: deviceClass, "--class")
    let folder = try data.open()
    let tokens = try await folder.tokens()
    let id = DataFolder.randomTokenID()
    let token = try await tokens.issue(
      principal, named, id: id, expiresInSeconds: expiresIn.seconds)
    guard json.isSet else { return try printToStandardOutput(token) }
    var line = JSONLine()
    line.set("token", token)
    line.set("id", id)
    try printToStandardOutput(line.text)
  }

  private func principal() throws(DaybookError) -> Principal {
    if let service { return .service(try ServiceID.parse(service, "--service")) }
    return .device(
      try UserID.parse(user ?? "", "--user"), try DeviceID.parse(device ?? "", "--device"))
  }
}

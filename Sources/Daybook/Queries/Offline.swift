import ArgumentParser
import DaybookModel
import Ports

/// Prints what waits for a device.
struct Offline: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what waits for a device: its mailbox first, then each group.")

  @OptionGroup var asked: AskedOption

  @Option(help: "Whose; without it, the token's user's.")
  var user: String?

  @Option(help: "Which of the user's devices; without it, the token's.")
  var device: String?

  @OptionGroup var json: JSONOption

  func validate() throws {
    try asked.require(user, "whose (--user)")
    try asked.require(device, "which of the user's devices (--device)")
  }

  func run() async throws {
    let namedUser = try UserID.parse(ifSaid: user, "--user")
    let namedDevice = try DeviceID.parse(ifSaid: device, "--device")
    try await asked.asking { answers in
      let user = try answers.owner(namedUser)
      let device = try answers.device(namedDevice, of: user)
      let streams = try await answers.inspection.offline(user: user, device: device)
      var output = StandardOutput()
      if json.isSet {
        for stream in streams {
          var line = JSONLine()
          line.set("stream", stream.stream.text)
          line.set("head", stream.head.rawValue)
          line.set("cursor", stream.cursor.rawValue)
          line.set("pending", stream.pending)
          try output.line(line)
        }
      } else {
        var table = TextTable([
          ("stream", .left), ("head", .right), ("cursor", .right), ("pending", .right),
        ])
        for stream in streams {
          table.add([
            stream.stream.text, "\(stream.head)", "\(stream.cursor)", "\(stream.pending)",
          ])
        }
        for line in table.lines { try output.line(line) }
      }
      try output.flush()
    }
  }
}

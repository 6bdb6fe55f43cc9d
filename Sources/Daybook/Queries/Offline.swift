import ArgumentParser
import DaybookModel
import Ports

/// Prints what waits for a device.
struct Offline: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what waits for a device: its mailbox first, then each group.")

  @OptionGroup var asked: AskedOption

  @Option(help: "Whose.")
  var user: String

  @Option(help: "Which of the user's devices.")
  var device: String

  @OptionGroup var json: JSONOption

  func run() async throws {
    let user = try UserID.parse(user, "--user")
    let device = try DeviceID.parse(device, "--device")
    try await asked.asking { answers in
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

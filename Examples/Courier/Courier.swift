import DaybookSDK
import Foundation

/// Sends the lines of its input to a user, each of them once, however often it is killed and started
/// again with the same input:
///
///     DAYBOOK_TOKEN=… Courier 127.0.0.1:7000 bob ./outbox < lines
@main
struct Courier {
  static func main() async throws {
    let words = CommandLine.arguments
    var configuration = try ClientConfiguration(
      server: words[1], token: ProcessInfo.processInfo.environment["DAYBOOK_TOKEN"] ?? "")
    configuration.outbox = try FileOutbox(path: words[3])
    let client = try DaybookClient(configuration)
    try await client.connect()
    say("\(client.unsent.count) of earlier runs are on their way")

    var line: UInt64 = 0
    while let text = readLine() {
      line += 1
      // Messages are numbered from 1, over all runs: those before the next one were taken.
      guard line >= client.nextSendID else { continue }
      let message = try client.send(text: text, to: .user(words[2]))
      try await message.kept()
      say("\(message.id) will arrive")
    }
    await client.settled()
    await client.close()
  }

  private static func say(_ text: String) {
    FileHandle.standardOutput.write(Data("\(text)\n".utf8))
  }
}

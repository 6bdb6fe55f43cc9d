import ArgumentParser
import Console
import DaybookSDK
import DaybookModel
import Foundation

/// The console client.
struct ChatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Chat at the console.",
    discussion: """
      \(ChatForm.help)

      Lines may come from a pipe: at their end everything that was sent is stored before it leaves.
      """)

  @OptionGroup var server: ServerOption

  func run() async throws {
    let client = try server.client()
    let session = ChatSession(client: client, screen: ChatScreen())
    try await asDaybookError { try await session.start() }
    let events = Task { await session.showEvents() }
    let input = Task {
      for await line in ChatCommand.lines() {
        guard await session.take(line) else { break }
      }
    }
    // A session that ended for good ends the program, whatever is typed.
    let ended = Task { () -> ClientError? in
      await events.value
      input.cancel()
      return client.endedBy
    }
    await input.value
    await session.leave()
    if let error = await ended.value { throw error.asDaybookError }
  }

  /// Standard input on a thread of its own, for reading it blocks.
  private static func lines() -> AsyncStream<String> {
    let (lines, continuation) = AsyncStream.makeStream(of: String.self)
    let thread = Thread {
      while let line = readLine() { continuation.yield(line) }
      continuation.finish()
    }
    thread.start()
    return lines
  }
}

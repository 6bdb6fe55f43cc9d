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

      Lines may come from a pipe. They are done in their order; at their end, what came for the \
      user is printed and everything that was sent is stored before it leaves. Then the exit code \
      tells what did not work first: 2 a message was not sent, 3 the server refused a command, \
      4 a line was no command or no conversation was open for it; 1 as ever: the session failed.
      """)

  @OptionGroup var server: ServerOption

  @Flag(inversion: .prefixedNo, help: "Colours; none if NO_COLOR is set.")
  var color = true

  @Flag(help: "Ring for direct messages and mentions.")
  var bell = false

  @Flag(help: "Let the window's title say who chats, and how much is unread.")
  var title = false

  @Flag(inversion: .prefixedNo, help: "Keep what was typed for later runs.")
  var history = true

  @Option(
    help: ArgumentHelp(
      "Lines of a conversation to print of what came meanwhile; of more it is said how many.",
      valueName: "lines"))
  var backlog = ChatOptions.backlogLinesDefault

  func validate() throws {
    guard backlog >= 0 else { throw ValidationError("--backlog is 0 or more") }
  }

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    var screenOptions = ScreenOptions()
    // https://no-color.org: set, and not empty.
    screenOptions.hasColour = color && (environment["NO_COLOR"] ?? "").isEmpty
    screenOptions.setsTitle = title
    screenOptions.historyPath = history ? ScreenOptions.usualHistoryPath { environment[$0] } : nil
    var options = ChatOptions()
    options.rings = bell
    options.backlogLines = backlog

    let client = try server.client()
    let screen = ChatScreen(screenOptions)
    let session = ChatSession(
      client: client, screen: screen, options: options, clock: .system)
    let reader = Thread { screen.read() }
    reader.name = "input"
    let end = try await asDaybookError {
      // The terminal is the shell's again before anything is said about a failure.
      defer { screen.close() }
      try await session.start()
      reader.start()
      return await session.run()
    }
    try exit(end, client.endedBy, screen)
  }

  private func exit(_ end: ChatEnd, _ error: ClientError?, _ screen: ChatScreen) throws {
    if let number = end.signal { screen.end(by: number) }
    if let error {
      // At a terminal its line stands on the screen.
      guard screen.isTerminal else { throw error.asDaybookError }
      throw ExitCode.failure
    }
    if let failure = end.failure, !screen.isTerminal { throw ExitCode(failure) }
  }
}

import DaybookModel
import DaybookSDK
import Importing

/// The connection that an import goes through: it says what it waits for, from the first try on.
struct ImportConnection {
  let client: DaybookClient
  let display: ImportDisplay

  static let patience = Duration.seconds(10)
  /// So that what comes back is found soon, and patience is no longer than it says.
  static let reconnectPause = Duration.seconds(2)
  private static let waiting = "waiting for the server"

  init(
    _ server: ServerOption, window: Int, display: ImportDisplay
  ) throws(DaybookError) {
    client = try server.client { configuration in
      configuration.connectPatience = ImportConnection.patience
      configuration.reconnectMax = ImportConnection.reconnectPause
      configuration.commandsInFlightMax = window
    }
    self.display = display
  }

  /// Throws `unreachable` where no server answers within the patience, and `not_permitted` for the
  /// token of a user.
  func open() async throws -> (service: String, connected: Timestamp) {
    let notice = Task { [display] in
      guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
      display.wait(for: ImportConnection.waiting)
    }
    defer {
      notice.cancel()
      display.wait(for: nil)
    }
    let info = try await client.connect()
    guard let service = info.service else {
      throw DaybookError(
        .notPermitted, "an import acts for many users: use a token made with --service")
    }
    return (service, Timestamp(milliseconds: info.serverTime.millisecondsSince1970))
  }

  /// Shows `progress`, and what the connection waits for, while `body` runs.
  func showing(
    _ progress: @escaping @Sendable () async -> Void, _ body: () async throws -> Void
  ) async throws {
    let shown = Task { await progress() }
    let watched = Task { [client, display] in
      for await event in client.events {
        guard case .connection(let state) = event else { continue }
        if case .waiting = state {
          display.wait(for: ImportConnection.waiting)
        } else {
          display.wait(for: nil)
        }
      }
    }
    defer {
      shown.cancel()
      watched.cancel()
    }
    try await body()
  }
}

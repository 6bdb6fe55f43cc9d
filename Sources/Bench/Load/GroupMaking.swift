import DaybookModel
import Logging
import Ports
import Requests
import Server

/// Makes groups and their members in a data folder that no server has yet.
struct GroupMaking {
  private let commands: CommandAsker

  /// Returns once the mailboxes of all members know of it: `joins` is how often `body` calls `member`.
  static func run(
    _ data: DataFolder, joins: Int, logger: Logger, _ body: (GroupMaking) async throws -> Void
  ) async throws {
    let backend = try Backend(
      Backend.Places(log: data.logPath, snapshots: data.statePath, projections: nil),
      logger: logger)
    let joined = EventCount(.groupJoined)
    backend.committed.subscribe(joined)
    try await backend.start()
    try await body(GroupMaking(commands: CommandAsker(backend.commands)))
    await joined.count(reaches: joins)
    await backend.stop()
  }

  /// The owner of a group that is made with this, or one who joins it.
  func member(_ user: UserID, of group: StreamKey, creates: Bool) async throws {
    let body: Command.Body = creates ? .createGroup(GroupSettings(title: group.id)) : .join
    _ = try await commands.ask(
      Command(stream: group, actor: Actor(user: user), id: nil, body: body))
  }
}

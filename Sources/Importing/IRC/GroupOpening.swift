package import DaybookSDK
package import DaybookModel
import Foundation
import NIOConcurrencyHelpers
import WireProtocol

/// Sees to it that the group is there. Who makes a group is its first member; the importer leaves
/// at once, so that the members are what the logs say. Both commands have an origin of their own,
/// so that doing it again does nothing.
package struct GroupOpening {
  let group: GroupID
  let service: UserID

  package init(group: GroupID, service: UserID) {
    self.group = group
    self.service = service
  }

  /// Each service's own: under another one's number its command would be a conflict.
  var origin: Origin { Origin.sha256(Data("daybook import group \(group) by \(service)".utf8)) }

  /// Throws what the server refuses, but that there is such a group already.
  package func run(through client: DaybookClient) async throws {
    func issue(_ number: UInt64, _ body: IssuedCommand.Body) async throws {
      let source = SingleCommand(
        IssuedCommand(origin: origin, number: number, actingFor: service, body: body))
      try await client.run(source, window: 1)
      try source.outcome()
    }
    do {
      try await issue(1, .createGroup(group, GroupSettings(title: "")))
    } catch let error as DaybookError where error.code == .groupExists {
      // Somebody else's: whether this service's user is a member is not the import's to change.
      return
    }
    try await issue(2, .leave(group))
  }
}

/// A source of one command.
private final class SingleCommand: CommandSource {
  private struct State {
    var command: IssuedCommand?
    var outcome: Result<CommandReply, DaybookError>?
  }

  private let state: NIOLockedValueBox<State>

  init(_ command: IssuedCommand) { state = NIOLockedValueBox(State(command: command)) }

  func next() -> (command: IssuedCommand, tag: UInt64)? {
    state.withLockedValue { state in
      defer { state.command = nil }
      return state.command.map { ($0, 0) }
    }
  }

  func answered(_ tag: UInt64, _ outcome: Result<CommandReply, DaybookError>) {
    state.withLockedValue { $0.outcome = outcome }
  }

  func outcome() throws { _ = try state.withLockedValue { $0.outcome }?.get() }
}

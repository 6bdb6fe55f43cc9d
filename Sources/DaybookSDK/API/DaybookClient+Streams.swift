import DaybookModel
import NIOCore

/// What this session follows.
extension DaybookClient {
  /// Groups that this session was told to follow since it began: once it has caught up, all that the
  /// user is in, and those that the user has left since.
  package func followedGroups() async throws -> [String] {
    let streams = engine.loop.submit { self.engine.core.streams.keys.filter { $0.kind == .group } }
    return try await streams.get().map(\.id).sorted()
  }
}

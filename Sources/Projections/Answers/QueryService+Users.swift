package import DaybookModel
package import Ports

/// What is known of users.
extension QueryService {
  package func unreadPage(
    of user: UserID, after: StreamKey?, limit: Int
  ) async throws(DaybookError) -> UnreadPage {
    let reader = try await reader(.unread, covering: heads)
    let counts = groupReads
    return try await work.run { () throws(DaybookError) in
      try UnreadQuery.page(of: user, after: after, limit: max(limit, 0), counts, in: reader)
    }
  }

  /// All of them: peers first, then groups, by ascending bytes.
  package func unread(of user: UserID) async throws(DaybookError) -> [UnreadCount] {
    let reader = try await reader(.unread, covering: heads)
    let counts = groupReads
    return try await work.run { () throws(DaybookError) in
      let all = try UnreadQuery.page(of: user, after: nil, limit: -1, counts, in: reader)
        .conversations
      return all.filter { $0.conversation.peer != nil }
        + all.filter { $0.conversation.peer == nil }
    }
  }

  package func overview(
    of user: UserID, after: StreamKey?, limit: Int
  ) async throws(DaybookError) -> [ConversationOverview] {
    let heads = heads
    let files = OverviewQuery.Readers(
      offline: try await reader(.offline, covering: heads),
      history: try await reader(.history, covering: heads),
      unread: try await reader(.unread, covering: heads))
    let counts = groupReads
    return try await work.run { () throws(DaybookError) in
      try OverviewQuery.page(of: user, after: after, limit: max(limit, 0), counts, in: files)
    }
  }

  package func marks(
    of user: UserID, after: StreamKey?, limit: Int
  ) async throws(DaybookError) -> [MarkedConversation] {
    let reader = try await reader(.unread, covering: .user(user))
    return try await work.run { () throws(DaybookError) in
      try UnreadQuery.marks(of: user, after: after, limit: max(limit, 0), in: reader)
    }
  }

  package func blocked(by user: UserID, after: UserID?, limit: Int) async throws(DaybookError)
    -> [UserID]
  {
    let reader = try await reader(.unread, covering: .user(user))
    return try await work.run { () throws(DaybookError) in
      try UnreadQuery.blocked(by: user, after: after, limit: max(limit, 0), in: reader)
    }
  }

  package func devices(of user: UserID) async throws(DaybookError) -> [DeviceProfile] {
    let directory = try await reader(.directory, covering: .user(user))
    let offline = try await reader(.offline, covering: .user(user))
    return try await work.run { () throws(DaybookError) in
      let devices = try UserQuery.devices(of: user, in: directory, cursors: offline)
      return devices.filter { !$0.isForgotten }.map(\.profile)
    }
  }

  package func lastSeen(of users: [UserID]) async throws(DaybookError) -> [Timestamp] {
    var heads: [PartitionID: Offset] = [:]
    for user in users {
      let partition = StreamKey.user(user).partition(of: log.partitionCount)
      heads[partition] = log.highWatermark(of: partition)
    }
    let reader = try await reader(.directory, covering: heads)
    return try await work.run { () throws(DaybookError) in
      try UserQuery.lastSeen(of: users, in: reader)
    }
  }

  /// The mailbox and each group that the user is in, with what waits there for the device.
  /// Throws `unknown_user`, `unknown_device`, `projection_behind`.
  package func offline(user: UserID, device: DeviceID) async throws(DaybookError) -> [OfflineStream]
  {
    let reader = try await reader(.offline, covering: heads)
    return try await work.run { () throws(DaybookError) in
      try OfflineQuery.offline(user: user, device: device, in: reader)
    }
  }

  /// All that the projections know of a user. Throws `unknown_user`, `projection_behind`.
  package func userDetails(_ user: UserID) async throws(DaybookError) -> UserDetails {
    let heads = heads
    let files = UserQuery.Readers(
      directory: try await reader(.directory, covering: heads),
      offline: try await reader(.offline, covering: heads),
      unread: try await reader(.unread, covering: heads))
    return try await work.run { () throws(DaybookError) in
      try UserQuery.details(of: user, in: files)
    }
  }
}

import DaybookModel
import DaybookSchema
import SwiftProtobuf
import WireProtocol

/// Questions about other users, and this user's devices.
extension DaybookClient {
  /// Everybody whom this user has blocked, by their ids' bytes.
  public func blockedUsers() async throws(ClientError) -> [String] {
    var users: [String] = []
    while true {
      let request = Daybook_V1_BlockedRequest.with { $0.after = users.last ?? "" }
      let reply: Daybook_V1_BlockedReply = try await query(.blocked, request)
      users += reply.users
      if !reply.more || reply.users.isEmpty { return users }
    }
  }

  /// Whether these users are there, at most 1,000 of them. With `watching`, changes come as
  /// `ClientEvent.presence`, and after a reconnect everybody's state comes anew.
  public func presence(of users: [String], watching: Bool = false) async throws(ClientError)
    -> [UserPresence]
  {
    let request = Daybook_V1_OnlineRequest.with {
      $0.users = users
      $0.watch = watching
    }
    let reply: Daybook_V1_OnlineReply = try await query(.online, request)
    if watching { engine.submit(.watch(users)) }
    return reply.users.map { UserPresence($0) }
  }

  /// This user's devices, by their ids' bytes.
  public func devices() async throws(ClientError) -> [UserDevice] {
    let reply: Daybook_V1_DevicesReply = try await query(.devices, Daybook_V1_DevicesRequest())
    return reply.devices.map { UserDevice($0) }
  }
}

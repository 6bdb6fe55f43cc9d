import DaybookModel
import DaybookSchema
import SwiftProtobuf
import WireProtocol

/// Questions about groups, which a service may ask too.
extension DaybookClient {
  /// What a group is. Throws `group_not_found`.
  public func group(_ id: String) async throws(ClientError) -> GroupInfo {
    let request = Daybook_V1_GroupRequest.with { $0.group = id }
    let reply: Daybook_V1_GroupReply = try await query(.group, request)
    return GroupInfo(reply)
  }

  /// All members of a group, by their ids' bytes.
  public func members(of group: String) async throws(ClientError) -> [GroupMembership] {
    var members: [GroupMembership] = []
    while true {
      let request = Daybook_V1_MembersRequest.with {
        $0.group = group
        $0.after = members.last?.user ?? ""
        $0.limit = UInt32(Limits.membersPageMax)
      }
      let reply: Daybook_V1_MembersReply = try await query(.members, request)
      for (index, user) in reply.members.enumerated() {
        let role = index < reply.roles.count ? reply.roles[index] : .member
        members.append(GroupMembership(user: user, role: GroupRole(role)))
      }
      if !reply.more || reply.members.isEmpty { return members }
    }
  }
}

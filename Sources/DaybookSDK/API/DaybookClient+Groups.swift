import DaybookModel
import DaybookSchema
import SwiftProtobuf
import WireProtocol

/// Groups, their members, and who may do what there. Where a Bool comes back, it is false if there
/// was nothing to do. All throw `ClientError`: `group_not_found`, `group_dissolved`, `not_a_member`
/// and `not_permitted` (of what only admins, or the owner, may do) among others.
extension DaybookClient {
  /// Makes a group, with this user as its owner. Throws `group_exists` among others.
  public func createGroup(
    _ id: String, title: String = "", description: String = "",
    joinPolicy: GroupJoinPolicy = .open, isHistoryShown: Bool = false
  ) async throws {
    let settings = GroupSettings(
      title: title, description: description, joinPolicy: joinPolicy.policy,
      isHistoryShown: isHistoryShown)
    _ = try await command(.createGroup(.parse(id), settings))
  }

  /// Changes what is given, and leaves the rest as it is. For admins. While a group is silenced,
  /// only they may speak.
  @discardableResult
  public func change(
    group id: String, title: String? = nil, description: String? = nil,
    joinPolicy: GroupJoinPolicy? = nil, isHistoryShown: Bool? = nil, isSilenced: Bool? = nil
  ) async throws -> Bool {
    let change = GroupChange(
      title: title, description: description, joinPolicy: joinPolicy?.policy,
      isHistoryShown: isHistoryShown, isSilenced: isSilenced)
    return try await command(.changeGroup(.parse(id), change)).changed
  }

  /// Throws `not_invited` where that is needed, `group_full` among others.
  @discardableResult
  public func join(group id: String) async throws -> JoinOutcome {
    let reply = try await command(.join(.parse(id)))
    return reply.pending ? .pending : reply.changed ? .joined : .alreadyMember
  }

  /// False if the user was no member. An owner's group falls to the admin, or else the member, who
  /// was in it for longest.
  @discardableResult
  public func leave(group id: String) async throws -> Bool {
    try await command(.leave(.parse(id))).changed
  }

  /// Invites a user; who has asked to be let in is, if an admin invites. In an open group any
  /// member may, else admins.
  @discardableResult
  public func invite(_ user: String, to group: String) async throws -> Bool {
    try await command(.invite(.parse(group), .parse(user))).changed
  }

  /// Ends somebody's membership. For admins, but admins are removed by the owner only.
  @discardableResult
  public func remove(_ user: String, from group: String) async throws -> Bool {
    try await command(.remove(.parse(group), .parse(user))).changed
  }

  /// Lets in who has asked. For admins.
  @discardableResult
  public func admit(_ user: String, to group: String) async throws -> Bool {
    try await command(.admit(.parse(group), .parse(user))).changed
  }

  /// Refuses who has asked, or withdraws an invitation. For admins; anybody for oneself, to take a
  /// request back or to decline an invitation.
  @discardableResult
  public func refuse(_ user: String, in group: String) async throws -> Bool {
    try await command(.refuse(.parse(group), .parse(user))).changed
  }

  /// Makes a member an admin, or an admin a member no more than that. For the owner; `.owner` hands
  /// the group over, as `transfer` does.
  @discardableResult
  public func setRole(
    of user: String, in group: String, to role: GroupRole
  ) async throws -> Bool {
    try await command(.changeRole(.parse(group), .parse(user), role.role)).changed
  }

  /// Makes a member the owner; this user, who was it, is an admin from then on.
  @discardableResult
  public func transfer(group: String, to user: String) async throws -> Bool {
    try await setRole(of: user, in: group, to: .owner)
  }

  /// Takes a member's voice until `unsilence`, even if the member leaves and comes back. For
  /// admins; admins are silenced by the owner only. All members: `change(group:isSilenced:)`.
  @discardableResult
  public func silence(_ user: String, in group: String) async throws -> Bool {
    try await command(.silence(.parse(group), .parse(user), true)).changed
  }

  @discardableResult
  public func unsilence(_ user: String, in group: String) async throws -> Bool {
    try await command(.silence(.parse(group), .parse(user), false)).changed
  }

  /// Ends a group for good, for all its members. For the owner.
  public func dissolve(group: String) async throws {
    _ = try await command(.dissolve(.parse(group)))
  }

  // MARK: questions

  /// What a group is. Throws `group_not_found`.
  public func group(_ id: String) async throws -> GroupInfo {
    let request = Daybook_V1_GroupRequest.with { $0.group = id }
    let reply: Daybook_V1_GroupReply = try await query(.group, request)
    return GroupInfo(reply)
  }

  /// All members of a group, by their ids' bytes.
  public func members(of group: String) async throws -> [GroupMembership] {
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

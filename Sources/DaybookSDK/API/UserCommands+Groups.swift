import DaybookModel
import WireProtocol

/// Groups, their members, and who may do what there. All throw `group_not_found`, `group_dissolved`,
/// `not_a_member` and `not_permitted` (of what only admins, or the owner, may do) among others.
extension UserCommands {
  /// Makes a group, with this user as its owner. Throws `group_exists` among others.
  public func createGroup(
    _ id: String, title: String = "", description: String = "",
    joinPolicy: GroupJoinPolicy = .open, isHistoryShown: Bool = false
  ) async throws(ClientError) {
    let settings = GroupSettings(
      title: title, description: description, joinPolicy: joinPolicy.policy,
      isHistoryShown: isHistoryShown)
    _ = try await issuer.command(.createGroup(.parse(id), settings))
  }

  /// Changes what is given, and leaves the rest as it is. For admins. While a group is silenced,
  /// only they may speak.
  @discardableResult
  public func change(
    group id: String, title: String? = nil, description: String? = nil,
    joinPolicy: GroupJoinPolicy? = nil, isHistoryShown: Bool? = nil, isSilenced: Bool? = nil
  ) async throws(ClientError) -> Bool {
    let change = GroupChange(
      title: title, description: description, joinPolicy: joinPolicy?.policy,
      isHistoryShown: isHistoryShown, isSilenced: isSilenced)
    return try await issuer.command(.changeGroup(.parse(id), change)).changed
  }

  /// Throws `not_invited` where that is needed, `group_full` among others.
  @discardableResult
  public func join(group id: String) async throws(ClientError) -> JoinOutcome {
    let reply = try await issuer.command(.join(.parse(id)))
    return reply.pending ? .pending : reply.changed ? .joined : .alreadyMember
  }

  /// False if the user was no member. An owner's group falls to the admin, or else the member, who
  /// was in it for longest.
  @discardableResult
  public func leave(group id: String) async throws(ClientError) -> Bool {
    try await issuer.command(.leave(.parse(id))).changed
  }

  /// Invites a user; who has asked to be let in is, if an admin invites. In an open group any
  /// member may, else admins.
  @discardableResult
  public func invite(_ user: String, to group: String) async throws(ClientError) -> Bool {
    try await issuer.command(.invite(.parse(group), .parse(user))).changed
  }

  /// Ends somebody's membership. For admins, but admins are removed by the owner only.
  @discardableResult
  public func remove(_ user: String, from group: String) async throws(ClientError) -> Bool {
    try await issuer.command(.remove(.parse(group), .parse(user))).changed
  }

  /// Lets in who has asked. For admins.
  @discardableResult
  public func admit(_ user: String, to group: String) async throws(ClientError) -> Bool {
    try await issuer.command(.admit(.parse(group), .parse(user))).changed
  }

  /// Refuses who has asked, or withdraws an invitation. For admins; anybody for oneself, to take a
  /// request back or to decline an invitation.
  @discardableResult
  public func refuse(_ user: String, in group: String) async throws(ClientError) -> Bool {
    try await issuer.command(.refuse(.parse(group), .parse(user))).changed
  }

  /// Makes a member an admin, or an admin a member no more than that. For the owner; `.owner` hands
  /// the group over, as `transfer` does.
  @discardableResult
  public func setRole(
    of user: String, in group: String, to role: GroupRole
  ) async throws(ClientError) -> Bool {
    try await issuer.command(.changeRole(.parse(group), .parse(user), role.role)).changed
  }

  /// Makes a member the owner; this user, who was it, is an admin from then on.
  @discardableResult
  public func transfer(group: String, to user: String) async throws(ClientError) -> Bool {
    try await setRole(of: user, in: group, to: .owner)
  }

  /// Takes a member's voice until `unsilence`, even if the member leaves and comes back. For
  /// admins; admins are silenced by the owner only. All members: `change(group:isSilenced:)`.
  @discardableResult
  public func silence(_ user: String, in group: String) async throws(ClientError) -> Bool {
    try await issuer.command(.silence(.parse(group), .parse(user), true)).changed
  }

  /// Gives a member's voice back. For admins.
  @discardableResult
  public func unsilence(_ user: String, in group: String) async throws(ClientError) -> Bool {
    try await issuer.command(.silence(.parse(group), .parse(user), false)).changed
  }

  /// Ends a group for good, for all its members. For the owner.
  public func dissolve(group: String) async throws(ClientError) {
    _ = try await issuer.command(.dissolve(.parse(group)))
  }
}

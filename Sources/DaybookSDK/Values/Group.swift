package import DaybookModel
import DaybookSchema

/// What a member may do in a group.
public enum GroupRole: String, Sendable, Hashable, CaseIterable {
  /// Whoever belongs to it.
  case member
  /// Keeps order among members: lets in, removes, silences, changes what the group is.
  case admin
  /// One of them, who also appoints admins and can dissolve the group.
  case owner

  package init(_ role: Role) {
    self =
      switch role {
      case .member: .member
      case .admin: .admin
      case .owner: .owner
      }
  }

  /// What a later version calls otherwise is the least here.
  init(_ role: Daybook_V1_Role) {
    self =
      switch role {
      case .owner: .owner
      case .admin: .admin
      case .member, .UNRECOGNIZED: .member
      }
  }

  package var role: Role {
    switch self {
    case .member: .member
    case .admin: .admin
    case .owner: .owner
    }
  }
}

/// How one becomes a member of a group.
public enum GroupJoinPolicy: String, Sendable, Hashable, CaseIterable {
  /// By joining.
  case open
  /// By asking, and being let in by an admin or the owner.
  case approval
  /// By being invited.
  case invitation

  package init(_ policy: JoinPolicy) {
    self =
      switch policy {
      case .open: .open
      case .approval: .approval
      case .invitation: .invitation
      }
  }

  init(_ policy: Daybook_V1_JoinPolicy) {
    self =
      switch policy {
      case .open: .open
      case .approval: .approval
      case .invitation, .UNRECOGNIZED: .invitation
      }
  }

  package var policy: JoinPolicy {
    switch self {
    case .open: .open
    case .approval: .approval
    case .invitation: .invitation
    }
  }
}

/// What a group's admins can set.
public struct GroupAttributes: Sendable, Hashable {
  /// Its name for people.
  public var title: String
  /// What it is about.
  public var description: String
  /// How one becomes a member.
  public var joinPolicy: GroupJoinPolicy
  /// Members may see what was said before they first joined.
  public var isHistoryShown: Bool
  /// Only admins and the owner may speak.
  public var isSilenced: Bool

  package init(_ settings: GroupSettings) {
    title = settings.title
    description = settings.description
    joinPolicy = GroupJoinPolicy(settings.joinPolicy)
    isHistoryShown = settings.isHistoryShown
    isSilenced = settings.isSilenced
  }

  init(_ reply: Daybook_V1_GroupReply) {
    title = reply.title
    description = reply.description_p
    joinPolicy = GroupJoinPolicy(reply.joinPolicy)
    isHistoryShown = reply.historyShown
    isSilenced = reply.silenced
  }
}

/// A group as the asking user may see it.
public struct GroupInfo: Sendable, Hashable {
  /// The group.
  public var id: String
  /// What its moderators have set.
  public var attributes: GroupAttributes
  /// Nil while nobody is a member.
  public var owner: String?
  /// How many are members.
  public var memberCount: UInt64
  /// Members with a session; 0 for who is no member.
  public var onlineCount: UInt64
  /// It was ended for good.
  public var isDissolved: Bool
  /// The asking user's role; nil for who is no member.
  public var role: GroupRole?
  /// Who waits to be let in, if the asking user may do that; the first 1,000.
  public var requests: [String]
}

extension GroupInfo {
  init(_ reply: Daybook_V1_GroupReply) {
    id = reply.group
    attributes = GroupAttributes(reply)
    owner = reply.owner.isEmpty ? nil : reply.owner
    memberCount = reply.members
    onlineCount = reply.online
    isDissolved = reply.dissolved
    role = reply.isMember ? GroupRole(reply.role) : nil
    requests = reply.requests
  }
}

/// A member of a group.
public struct GroupMembership: Sendable, Hashable {
  /// Which user.
  public var user: String
  /// What the member may do.
  public var role: GroupRole
}

/// What came of a join.
public enum JoinOutcome: Sendable, Hashable {
  /// The user is a member now.
  case joined
  /// The user was one before.
  case alreadyMember
  /// An admin has to let the user in first: `ClientEvent.groupJoined` or `.refused` will tell.
  case pending
}

/// What a member may do in a group. Raw values as in `schemas/daybook/v1/event.proto`.
package enum Role: UInt8, Sendable, CaseIterable, Comparable {
  case member = 0
  case admin = 1
  case owner = 2

  /// As the CLI and docs write it.
  package var name: String {
    switch self {
    case .member: "member"
    case .admin: "admin"
    case .owner: "owner"
    }
  }

  /// Keeps order among members: silences, removes, lets in.
  @inlinable
  package var isModerator: Bool { self != .member }

  @inlinable
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// How one becomes a member of a group.
package enum JoinPolicy: UInt8, Sendable, CaseIterable {
  /// By joining.
  case open = 0
  /// By asking, and being let in by a moderator.
  case approval = 1
  /// By being invited.
  case invitation = 2

  package var name: String {
    switch self {
    case .open: "open"
    case .approval: "approval"
    case .invitation: "invitation"
    }
  }
}

/// What a group's moderators can set.
package struct GroupSettings: Sendable, Equatable {
  package var title: String
  package var description: String
  package var joinPolicy: JoinPolicy
  /// Members may see what was said before they first joined.
  package var isHistoryShown: Bool
  /// Only moderators may speak.
  package var isSilenced: Bool
  /// Joins and leaves take a seq and are told to all members. By the server, not by moderators; nil
  /// until it is said for the first time.
  package var membersListed: Bool?

  @inlinable
  package init(
    title: String, description: String = "", joinPolicy: JoinPolicy = .open,
    isHistoryShown: Bool = false, isSilenced: Bool = false, membersListed: Bool? = nil
  ) {
    self.title = title
    self.description = description
    self.joinPolicy = joinPolicy
    self.isHistoryShown = isHistoryShown
    self.isSilenced = isSilenced
    self.membersListed = membersListed
  }

  @inlinable
  package var areMembersListed: Bool { membersListed ?? true }
}

/// How a user has marked one of their conversations.
package struct ConversationMarks: Sendable, Equatable {
  /// No notifications, and counted apart.
  package var isQuiet: Bool
  package var isPinned: Bool
  /// As if something were unread, until something is read.
  package var isUnread: Bool

  package static let none = ConversationMarks()

  @inlinable
  package init(isQuiet: Bool = false, isPinned: Bool = false, isUnread: Bool = false) {
    self.isQuiet = isQuiet
    self.isPinned = isPinned
    self.isUnread = isUnread
  }
}

/// What is nil stays as it is.
package struct GroupChange: Sendable, Equatable {
  package var title: String?
  package var description: String?
  package var joinPolicy: JoinPolicy?
  package var isHistoryShown: Bool?
  package var isSilenced: Bool?

  package init(
    title: String? = nil, description: String? = nil, joinPolicy: JoinPolicy? = nil,
    isHistoryShown: Bool? = nil, isSilenced: Bool? = nil
  ) {
    self.title = title
    self.description = description
    self.joinPolicy = joinPolicy
    self.isHistoryShown = isHistoryShown
    self.isSilenced = isSilenced
  }

  package func applied(to settings: GroupSettings) -> GroupSettings {
    GroupSettings(
      title: title ?? settings.title, description: description ?? settings.description,
      joinPolicy: joinPolicy ?? settings.joinPolicy,
      isHistoryShown: isHistoryShown ?? settings.isHistoryShown,
      isSilenced: isSilenced ?? settings.isSilenced, membersListed: settings.membersListed)
  }
}

/// What is nil stays as it is.
package struct MarksChange: Sendable, Equatable {
  package var isQuiet: Bool?
  package var isPinned: Bool?
  package var isUnread: Bool?

  package init(isQuiet: Bool? = nil, isPinned: Bool? = nil, isUnread: Bool? = nil) {
    self.isQuiet = isQuiet
    self.isPinned = isPinned
    self.isUnread = isUnread
  }

  package func applied(to marks: ConversationMarks) -> ConversationMarks {
    ConversationMarks(
      isQuiet: isQuiet ?? marks.isQuiet, isPinned: isPinned ?? marks.isPinned,
      isUnread: isUnread ?? marks.isUnread)
  }
}

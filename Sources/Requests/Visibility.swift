package import DaybookModel
package import Ports

/// Who may see what of what was asked.
package enum Visibility {
  /// The question, bounded by what the stream's owner says of whoever asks. Throws `not_a_member` for
  /// what only members may ask.
  package static func limit(
    _ query: Query, to position: StreamPosition, for requester: Requester
  ) throws(DaybookError) -> Query {
    let isPresent = position.visible.last.map { $0.last == nil } ?? false
    switch query {
    case .fetch(let stream, let from, let through, _, _):
      return .fetch(
        stream, from: from, through: through, head: position.head, visible: position.visible)
    case .history(let key, let before, let limit, _, _, let reader):
      let isGroup = key.peer == nil
      let visible = VisibleRanges.after(
        position.cleared, visible: isGroup ? position.visible : nil)
      // Whoever is a member no more when it is read sees no more than this.
      return .history(
        key, before: before, limit: limit, visible: visible,
        through: isGroup ? position.head : nil, reader: reader)
    case .members(let group, _, _):
      guard isPresent else { throw membersOnly(.group(group), position) }
      return query
    case .receipts(let name, _, let after, let limit):
      guard isPresent else { throw membersOnly(name.conversation, position) }
      return .receipts(name, visible: position.visible, after: after, limit: limit)
    case .group(let group, _):
      let isMember = isPresent && requester.user != nil
      return .group(
        group,
        asker: GroupAsker(
          isMember: isMember, role: isMember ? position.role ?? .member : .member,
          seesInside: isPresent))
    case .membershipsOfGroup(let group, let after, let limit, _):
      guard isPresent else { throw membersOnly(.group(group), position) }
      let seesAll = requester.service != nil || (position.role ?? .member).isModerator
      return .membershipsOfGroup(group, after: after, limit: limit, seesAll: seesAll)
    case .unread, .devices, .conversations, .blocked, .overview, .user, .membershipsOfUser,
      .offline,
      .users, .groups, .streams:
      return query
    }
  }

  private static func membersOnly(
    _ group: StreamKey, _ position: StreamPosition
  ) -> DaybookError {
    if position.isDissolved {
      return DaybookError(
        .groupDissolved,
        "\(group) was dissolved and has no members: what you have seen of it history still shows")
    }
    return DaybookError(.notAMember, "only members of \(group) may ask this; join it first")
  }

  /// What may be asked all the same where the owner has refused: a stranger may know that a group is
  /// there, and what it is about.
  package static func isForStrangers(_ query: Query, after refusal: DaybookError) -> Bool {
    guard case .group = query else { return false }
    return refusal.code == .notAMember || refusal.code == .groupDissolved
  }
}

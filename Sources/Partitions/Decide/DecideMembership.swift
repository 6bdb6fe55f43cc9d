import DaybookModel
import Ports

/// Who becomes a member of a group, and who is one no longer.
extension GroupState {
  func decideJoin(by user: UserID, _ draft: Draft) -> Decision {
    if isMember(user) { return draft.nothingToDo() }
    switch settings.joinPolicy {
    case .open: return joining(user, draft)
    case _ where waiting.isInvited(user): return joining(user, draft)
    case .approval:
      if waiting.hasRequested(user) { return draft.nothingToDo(pending: true) }
      guard waiting.requestedCount < Limits.invitedMax else {
        return .reject(.groupFull, "\(draft.stream) has too many who ask; try again later")
      }
      return draft.append(.joinRequested(user, telling: told), after: head, pending: true)
    case .invitation:
      return .reject(.notInvited, "\(draft.stream) takes only whom its moderators invite")
    }
  }

  private func joining(_ user: UserID, _ draft: Draft) -> Decision {
    guard memberCount < Limits.groupMembersMax else {
      return .reject(
        .groupFull, "\(draft.stream) has \(Limits.groupMembersMax) members, and takes no more")
    }
    guard member(user)?.stays.count ?? 0 < Limits.staysMax else {
      return .reject(
        .tooManyStays, "\(user) has joined \(draft.stream) \(Limits.staysMax) times")
    }
    let role = memberCount == 0 ? Role.owner : .member
    return settings.areMembersListed
      ? draft.append(.memberJoined(user, role: role), seq: head.next)
      : draft.append(.memberJoined(user, role: role, from: head.next), seq: .none)
  }

  /// Ends the present stay of `user`.
  private func leaving(_ user: UserID, _ draft: Draft) -> Decision {
    let successor = owner == user ? successor(of: user) : nil
    return settings.areMembersListed
      ? draft.append(.memberLeft(user, successor: successor), seq: head.next)
      : draft.append(.memberLeft(user, successor: successor, through: head), seq: .none)
  }

  func decideLeave(by user: UserID, _ draft: Draft) -> Decision {
    guard isMember(user) else { return draft.nothingToDo() }
    return leaving(user, draft)
  }

  func decideInvite(_ other: UserID, by user: UserID, _ draft: Draft) -> Decision {
    guard let member = member(user), member.isMember else {
      return .notAMember(user, draft.stream)
    }
    guard settings.joinPolicy == .open || member.role.isModerator else {
      return .notAModerator(draft.stream)
    }
    if isMember(other) { return draft.nothingToDo() }
    if member.role.isModerator, waiting.hasRequested(other) { return joining(other, draft) }
    if waiting.isInvited(other) { return draft.nothingToDo() }
    guard waiting.invitedCount < Limits.invitedMax else {
      return .reject(
        .groupFull, "\(draft.stream) has \(Limits.invitedMax) open invitations; withdraw some")
    }
    return draft.append(.memberInvited(other, telling: told), after: head)
  }

  func decideAdmit(_ other: UserID, by user: UserID, _ draft: Draft) -> Decision {
    if let refusal = refusalToModerate(user, draft.stream) { return refusal }
    return waiting.hasRequested(other) ? joining(other, draft) : draft.nothingToDo()
  }

  func decideRefuse(_ other: UserID, by user: UserID, _ draft: Draft) -> Decision {
    if other != user, let refusal = refusalToModerate(user, draft.stream) { return refusal }
    guard waiting.hasRequested(other) || waiting.isInvited(other) else {
      return draft.nothingToDo()
    }
    return draft.append(.joinRefused(other, telling: told), after: head)
  }

  func decideRemove(_ other: UserID, by user: UserID, _ draft: Draft) -> Decision {
    guard let member = member(user), member.isMember else {
      return .notAMember(user, draft.stream)
    }
    if other == user { return .reject(.invalidRequest, "nobody removes themselves: leave") }
    guard member.role.isModerator else { return .notAModerator(draft.stream) }
    guard let removed = self.member(other), removed.isMember else { return draft.nothingToDo() }
    guard removed.role < member.role else { return .outranked(other, draft.stream) }
    return leaving(other, draft)
  }
}

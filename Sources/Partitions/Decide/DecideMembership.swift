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
      return draft.append(.joinRequested(user), after: head, pending: true)
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
    return draft.append(
      .memberJoined(user, role: memberCount == 0 ? .owner : .member), after: head)
  }

  func decideLeave(by user: UserID, _ draft: Draft) -> Decision {
    guard isMember(user) else { return draft.nothingToDo() }
    let successor = owner == user ? successor(of: user) : nil
    return draft.append(.memberLeft(user, successor: successor), after: head)
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
    return draft.append(.memberInvited(other), after: head)
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
    return draft.append(.joinRefused(other), after: head)
  }

  func decideRemove(_ other: UserID, by user: UserID, _ draft: Draft) -> Decision {
    guard let member = member(user), member.isMember else {
      return .notAMember(user, draft.stream)
    }
    if other == user { return .reject(.invalidRequest, "nobody removes themselves: leave") }
    guard member.role.isModerator else { return .notAModerator(draft.stream) }
    guard let removed = self.member(other), removed.isMember else { return draft.nothingToDo() }
    guard removed.role < member.role else { return .outranked(other, draft.stream) }
    return draft.append(.memberLeft(other), after: head)
  }
}

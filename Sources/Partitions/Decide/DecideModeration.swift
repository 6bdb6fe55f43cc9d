import DaybookModel
import Ports

/// What a group's owner and admins may do.
extension GroupState {
  /// Nil for who may keep order.
  func refusalToModerate(_ user: UserID, _ stream: StreamKey) -> Decision? {
    guard let member = member(user), member.isMember else { return .notAMember(user, stream) }
    return member.role.isModerator ? nil : .notAModerator(stream)
  }

  private func refusalToOwn(_ user: UserID, _ stream: StreamKey) -> Decision? {
    guard isMember(user) else { return .notAMember(user, stream) }
    return owner == user ? nil : .notTheOwner(stream)
  }

  func decideChange(_ change: GroupChange, by user: UserID, _ draft: Draft) -> Decision {
    if let refusal = refusalToModerate(user, draft.stream) { return refusal }
    let changed = change.applied(to: settings)
    if let refusal = changed.refusal { return refusal }
    let isSame =
      changed == settings && ByteEquality.of(changed.title, settings.title)
      && ByteEquality.of(changed.description, settings.description)
    return isSame ? draft.nothingToDo() : draft.append(.groupChanged(changed), after: head)
  }

  func decideRole(_ other: UserID, _ role: Role, by user: UserID, _ draft: Draft) -> Decision {
    if let refusal = refusalToOwn(user, draft.stream) { return refusal }
    guard let member = member(other), member.isMember else {
      return .notAMember(other, draft.stream)
    }
    if member.role == role { return draft.nothingToDo() }
    if other == user {
      return .reject(.invalidRequest, "\(draft.stream) needs an owner: make somebody else that")
    }
    return draft.append(.roleChanged(other, role), after: head)
  }

  /// Also of who has left, for a silence outlasts the membership.
  func decideSilence(
    _ other: UserID, _ isSilenced: Bool, by user: UserID, _ draft: Draft
  ) -> Decision {
    if let refusal = refusalToModerate(user, draft.stream) { return refusal }
    guard let member = member(other) else { return .notAMember(other, draft.stream) }
    guard member.role < self.member(user)?.role ?? .member else {
      return .outranked(other, draft.stream)
    }
    if member.isSilenced == isSilenced { return draft.nothingToDo() }
    return draft.append(.memberSilenced(other, isSilenced), after: head)
  }

  func decideDissolve(by user: UserID, _ draft: Draft) -> Decision {
    if let refusal = refusalToOwn(user, draft.stream) { return refusal }
    return draft.append(.groupDissolved, after: head)
  }
}

extension Decision {
  static func outranked(_ other: UserID, _ stream: StreamKey) -> Decision {
    .reject(.notPermitted, "\(other) has no less to say in \(stream) than you")
  }
}

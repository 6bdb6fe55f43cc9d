import DaybookModel
import Ports

/// How far members have come in a group.
extension GroupState.MemberState {
  func decideAck(_ upTo: Seq, _ registration: Seq, head: Seq, _ draft: Draft) -> Decision {
    guard let device = draft.actor.device, let known = devices[device],
      known.isRegistered(as: registration)
    else { return .unknownDevice(draft.stream) }
    guard upTo <= head else { return .ackPastHead(draft.stream, upTo, head) }
    guard upTo > known.cursor else { return draft.nothingToDo() }
    return draft.append(.acked(upTo: upTo), seq: .none)
  }

  func decideRead(_ upTo: Seq, head: Seq, lastMessage: Seq, _ draft: Draft) -> Decision {
    guard upTo <= head else { return .pastHead(draft.stream, upTo, head) }
    let seen = max(read, cleared)
    guard upTo > seen, lastMessage > seen else { return draft.nothingToDo() }
    return draft.append(.read(peer: nil, upTo: upTo), seq: .none)
  }
}

/// What members may see of a group.
extension GroupState {
  /// Who has left may clear what is still shown of the stay.
  func decideClear(_ upTo: Seq, by user: UserID, _ draft: Draft) -> Decision {
    guard let member = member(user) else { return .notAMember(user, draft.stream) }
    guard upTo <= head else { return .pastHead(draft.stream, upTo, head) }
    guard upTo > member.cleared else { return draft.nothingToDo() }
    return draft.append(.conversationCleared(peer: nil, upTo: upTo), after: head)
  }

  /// A group that was dissolved is followed to its end by those who were there.
  func decideOpenCursor(_ registration: Seq, by user: UserID, _ draft: Draft) -> Decision {
    let member = member(user)
    let isFollowed = member.map { $0.isMember || (isDissolved && $0.currentStay.last == head) }
    guard let member, isFollowed == true else {
      return isDissolved ? .groupDissolved(draft.stream) : .notAMember(user, draft.stream)
    }
    guard let device = draft.actor.device else {
      return .reject(.notAMember, "only a member's device can follow \(draft.stream)")
    }
    if let known = member.devices[device], known.isRegistered(as: registration) {
      return draft.tell(position(of: member, cursor: known.cursor, resumed: true))
    }
    let cursor = member.cursor(ofNewDevice: device, head: head)
    return draft.append(
      .cursorOpened(cursor: cursor, registration: registration), after: head,
      position: position(of: member, cursor: cursor, resumed: false))
  }

  func decideInspect(by user: UserID, _ draft: Draft) -> Decision {
    guard let member = member(user) else {
      return isDissolved ? .groupDissolved(draft.stream) : .notAMember(user, draft.stream)
    }
    return draft.tell(position(of: member, cursor: .none, resumed: true))
  }

  private func position(of member: MemberState, cursor: Seq, resumed: Bool) -> StreamPosition {
    StreamPosition(
      cursor: cursor, head: head, resumed: resumed, visible: member.visible(in: settings),
      cleared: member.cleared, role: member.isMember ? member.role : nil,
      isDissolved: isDissolved)
  }
}

import DaybookModel
import Ports

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
  /// `known` is what the user's mailbox has of this group: the greater of both counts.
  func decideOpenCursor(
    _ registration: Seq, _ known: GroupReached, by user: UserID, _ draft: Draft
  ) -> Decision {
    let member = member(user)
    let isFollowed = member.map { $0.isMember || (isDissolved && $0.currentStay.last == head) }
    guard let member, isFollowed == true else {
      return isDissolved ? .groupDissolved(draft.stream) : .notAMember(user, draft.stream)
    }
    guard let device = draft.actor.device else {
      return .reject(.notAMember, "only a member's device can follow \(draft.stream)")
    }
    if let here = member.devices[device], here.isRegistered(as: registration) {
      let cursor = max(here.cursor, known.cursor)
      return draft.tell(position(of: member, cursor: cursor, resumed: true))
    }
    let start = member.cursor(
      ofNewDeviceReading: known.read, head: head, back: draft.policy.syncBackMax)
    let cursor = max(start, known.cursor)
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
      isDissolved: isDissolved,
      reading: GroupReading(
        lastMessage: lastMessage, seen: max(member.read, member.cleared),
        tells: lastReceipted > member.read))
  }
}

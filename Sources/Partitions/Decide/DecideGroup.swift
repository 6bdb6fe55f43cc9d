import DaybookModel
import Ports

extension PartitionState {
  func decideGroup(_ command: borrowing Command, at: Int?, _ draft: Draft) -> Decision {
    guard let at else {
      return PartitionState.decideWithoutGroup(command, draft)
    }
    guard let user = command.actor.user else {
      return decideForService(command, groups.states[at].head, draft)
    }
    switch command.body {
    case .send(let message):
      guard groups.states[at].isMember(user) else { return .notAMember(user, command.stream) }
      return draft.append(
        .messageSent(message), seq: groups.states[at].head.next,
        messageID: nextMessageID(command, draft))
    case .createGroup:
      return .reject(
        DaybookError(.groupExists, "\(command.stream) exists; join it, or choose another id"))
    case .join:
      if groups.states[at].isMember(user) { return draft.nothingToDo() }
      return draft.append(.memberJoined(user), seq: groups.states[at].head.next)
    case .leave:
      guard groups.states[at].isMember(user) else { return draft.nothingToDo() }
      return draft.append(.memberLeft(user), seq: groups.states[at].head.next)
    case .ack, .read, .openCursor, .inspect: break
    }
    let head = groups.states[at].head
    guard let member = groups.states[at].members[user] else {
      return .notAMember(user, command.stream)
    }
    return switch command.body {
    case .ack(let upTo): PartitionState.decideAck(member, upTo, head, draft)
    case .read(_, let upTo):
      PartitionState.decideRead(member, upTo, head, groups.states[at].lastMessage, draft)
    case .openCursor: PartitionState.decideOpenCursor(member, head, draft)
    default: .answer(PartitionState.position(member, cursor: .none, head, true, draft))
    }
  }

  private static func decideWithoutGroup(_ command: borrowing Command, _ draft: Draft) -> Decision {
    guard case .createGroup(let title) = command.body else {
      return .reject(
        DaybookError(.groupNotFound, "there is no \(command.stream); create it first"))
    }
    guard command.actor.user != nil else {
      return .reject(
        DaybookError(.invalidRequest, "a group needs a user to create it: say acting_for"))
    }
    guard title.utf8.count <= Limits.titleBytesMax else {
      return .reject(
        DaybookError(.contentTooLarge, "a title has at most \(Limits.titleBytesMax) bytes"))
    }
    return draft.append(.groupCreated(title: title), seq: Seq(1))
  }

  /// A service that acts for nobody may look at everything, and do nothing.
  private func decideForService(
    _ command: borrowing Command, _ head: Seq, _ draft: Draft
  ) -> Decision {
    guard case .inspect = command.body, command.actor.service != nil else {
      return .reject(
        DaybookError(.invalidRequest, "the command names no user: say acting_for"))
    }
    let everything = StreamPosition(
      cursor: .none, head: head, resumed: true,
      visible: [SeqInterval(first: Seq(1), last: nil)], groups: [])
    return .answer(CommandOutcome(recordedAt: draft.now, changed: false, position: everything))
  }

  private static func decideAck(
    _ member: GroupState.MemberState, _ upTo: Seq, _ head: Seq, _ draft: Draft
  ) -> Decision {
    guard let device = draft.actor.device, let cursor = member.cursor(of: device) else {
      return .reject(DaybookError(.unknownDevice, "this device does not follow \(draft.stream)"))
    }
    guard upTo <= head else { return .reject(DaybookError.pastHead(draft.stream, upTo, head)) }
    guard upTo > cursor else { return draft.nothingToDo() }
    return draft.append(.acked(upTo: upTo))
  }

  private static func decideRead(
    _ member: GroupState.MemberState, _ upTo: Seq, _ head: Seq, _ lastMessage: Seq, _ draft: Draft
  ) -> Decision {
    guard member.isMember else {
      return .reject(
        DaybookError(.notAMember, "only a member of \(draft.stream) can read on; join it first"))
    }
    guard upTo <= head else {
      return .reject(
        DaybookError(.seqPastHead, "\(draft.stream) ends at seq \(head), before \(upTo)"))
    }
    guard upTo > member.read, lastMessage > member.read else { return draft.nothingToDo() }
    return draft.append(.read(peer: nil, upTo: upTo))
  }

  private static func decideOpenCursor(
    _ member: GroupState.MemberState, _ head: Seq, _ draft: Draft
  ) -> Decision {
    guard let device = draft.actor.device, member.isMember else {
      return .reject(
        DaybookError(.notAMember, "only a member's device can follow \(draft.stream)"))
    }
    if let cursor = member.cursor(of: device) {
      return .answer(position(member, cursor: cursor, head, true, draft))
    }
    let cursor = member.cursorOfNewDevice(head: head)
    let outcome = position(member, cursor: cursor, head, false, draft)
    return draft.append(.cursorOpened(cursor: cursor), position: outcome.position)
  }

  private static func position(
    _ member: GroupState.MemberState, cursor: Seq, _ head: Seq, _ resumed: Bool, _ draft: Draft
  ) -> CommandOutcome {
    CommandOutcome(
      recordedAt: draft.now, changed: false,
      position: StreamPosition(
        cursor: cursor, head: head, resumed: resumed, visible: member.stays, groups: []))
  }
}

extension Decision {
  fileprivate static func notAMember(_ user: UserID, _ stream: StreamKey) -> Decision {
    .reject(DaybookError(.notAMember, "\(user) is not a member of \(stream); join it first"))
  }
}

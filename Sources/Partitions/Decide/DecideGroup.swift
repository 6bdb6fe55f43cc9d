import DaybookModel
import Ports

extension PartitionState {
  func decideGroup(_ command: borrowing Command, at: Int?, _ draft: Draft) -> Decision {
    guard let at else { return PartitionState.decideWithoutGroup(command, draft) }
    guard let user = command.actor.user else {
      return groups[at].decideForService(command, draft)
    }
    switch command.body {
    case .send(let message):
      if let refusal = refusalToSpeak(user, in: at, draft.stream) {
        return .reject(refusal)
      }
      guard let id = nextMessageID(command, draft) else { return idsExhausted }
      var message = message
      message.receipts = groups[at].memberCount <= draft.policy.receiptsMembersMax ? .on : .off
      return draft.append(
        .messageSent(message), seq: groups[at].head.next, messageID: id)
    case .sendTransient:
      return refusalToSpeak(user, in: at, draft.stream).map { .reject($0) }
        ?? draft.pushed(reaches: true)
    case .openCursor(let registration, let known, _):
      return groups[at].decideOpenCursor(registration, known, by: user, draft)
    case .createGroup:
      return .reject(.groupExists, "\(command.stream) exists; join it, or choose another id")
    case .refused(let reason): return .reject(reason)
    case .ack, .ackGroups, .read, .readGroup, .block, .mark, .forgetDevice, .inspectContact,
      .dropGroup, .checkToken, .revokeTokens, .openSession, .closeSession:
      return .reject(.invalidRequest, "\(command.stream) is a group, and this is for mailboxes")
    case .recall, .edit, .react, .changeGroup, .join, .leave, .invite, .remove, .admit, .refuse,
      .changeRole, .silence, .dissolve, .clear, .inspect, .nextNumber:
      return groups[at].decideSeldom(command, by: user, draft)
    }
  }

  private static func decideWithoutGroup(_ command: borrowing Command, _ draft: Draft) -> Decision {
    guard case .createGroup(let settings) = command.body else {
      return .reject(.groupNotFound, "there is no \(command.stream); create it first")
    }
    guard command.actor.user != nil else {
      return .reject(.invalidRequest, "a group needs a user to create it: say acting_for")
    }
    if let refusal = settings.refusal { return refusal }
    return draft.append(.groupCreated(settings), after: .none)
  }
}

extension GroupState {
  fileprivate func decideSeldom(
    _ command: borrowing Command, by user: UserID, _ draft: Draft
  ) -> Decision {
    switch command.body {
    case .inspect: return decideInspect(by: user, draft)
    // Whoever still sees it may delete it for themselves.
    case .clear(_, let upTo) where member(user) != nil: return decideClear(upTo, by: user, draft)
    default: break
    }
    if isDissolved { return .groupDissolved(draft.stream) }
    return switch command.body {
    case .recall(let message): decideRecall(message, by: user, draft)
    case .edit(let message, let content): decideEdit(message, content, by: user, draft)
    case .react(let message, let reaction, let isRemoved):
      decideReaction(message, reaction, isRemoved: isRemoved, by: user, draft)
    case .join: decideJoin(by: user, draft)
    case .leave: decideLeave(by: user, draft)
    case .invite(let other): decideInvite(other, by: user, draft)
    case .remove(let other): decideRemove(other, by: user, draft)
    case .admit(let other): decideAdmit(other, by: user, draft)
    case .refuse(let other): decideRefuse(other, by: user, draft)
    case .changeGroup(let change): decideChange(change, by: user, draft)
    case .changeRole(let other, let role): decideRole(other, role, by: user, draft)
    case .silence(let other, let isSilenced): decideSilence(other, isSilenced, by: user, draft)
    case .dissolve: decideDissolve(by: user, draft)
    case .clear(_, let upTo): decideClear(upTo, by: user, draft)
    default: .reject(.invalidRequest, "this is not for groups")
    }
  }

  /// A service that acts for nobody may look at everything, and do nothing.
  fileprivate func decideForService(_ command: borrowing Command, _ draft: Draft) -> Decision {
    guard case .inspect = command.body, command.actor.service != nil else {
      return .namesNoUser()
    }
    return draft.tell(
      StreamPosition(
        cursor: .none, head: head, resumed: true,
        visible: [SeqInterval(first: Seq(1), last: nil)]))
  }
}

extension GroupSettings {
  /// Of settings that are over a limit.
  var refusal: Decision? {
    if title.utf8.count > Limits.titleBytesMax {
      return .reject(.contentTooLarge, "a title has at most \(Limits.titleBytesMax) bytes")
    }
    if description.utf8.count > Limits.descriptionBytesMax {
      return .reject(
        .contentTooLarge, "a description has at most \(Limits.descriptionBytesMax) bytes")
    }
    return nil
  }
}

extension Decision {
  static func notAMember(_ user: UserID, _ stream: StreamKey) -> Decision {
    .reject(DaybookError.notAMember(user, stream))
  }

  static func groupDissolved(_ stream: StreamKey) -> Decision {
    .reject(DaybookError.groupDissolved(stream))
  }

  static func notAModerator(_ stream: StreamKey) -> Decision {
    .reject(.notPermitted, "only the owner and admins of \(stream) may do this")
  }

  static func notTheOwner(_ stream: StreamKey) -> Decision {
    .reject(.notPermitted, "only the owner of \(stream) may do this")
  }
}

extension DaybookError {
  static func notAMember(_ user: UserID, _ stream: StreamKey) -> DaybookError {
    DaybookError(.notAMember, "\(user) is not a member of \(stream); join it first")
  }

  static func groupDissolved(_ stream: StreamKey) -> DaybookError {
    DaybookError(
      .groupDissolved, "\(stream) was dissolved; what was said in it can still be read")
  }
}

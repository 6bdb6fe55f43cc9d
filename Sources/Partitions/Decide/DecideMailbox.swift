import DaybookModel
import Ports

extension PartitionState {
  func decideMailbox(_ command: borrowing Command, at: Int?, _ draft: Draft) -> Decision {
    guard let user = command.actor.user else {
      return decideMailboxForService(command, at: at, draft)
    }
    switch command.body {
    case .send(let message): return decideSend(message, command, at: at, by: user, draft)
    case .sendTransient:
      let isBlocked = hasBlocked(user, at: at)
      if isBlocked, !draft.policy.hidesBlocks { return .blocked(draft.stream) }
      return draft.pushed(reaches: !isBlocked)
    case .recall, .edit, .react:
      return decideAmendmentInMailbox(command, at: at, by: user, draft)
    case .refused(let reason): return .reject(reason)
    case .inspectContact: return decideInspectContact(of: user, at: at, draft)
    case .createGroup, .changeGroup, .join, .leave, .invite, .remove, .admit, .refuse,
      .changeRole, .silence, .dissolve:
      return .reject(
        .invalidRequest, "\(command.stream) is a mailbox, and this is for groups")
    case .revokeTokens:
      return .reject(.notPermitted, "only a service that acts for nobody may do that")
    case .ack, .ackGroups, .read, .readGroup, .block, .mark, .clear, .forgetDevice, .openCursor,
      .inspect, .nextNumber, .dropGroup, .checkToken,
      .openSession, .closeSession:
      break
    }
    guard command.stream.isMailbox(of: user) else {
      return .reject(.notPermitted, "\(command.stream) is another user's mailbox")
    }
    guard let at else { return MailboxState().decideOwn(command, draft) }
    return mailboxes[at].decideOwn(command, draft)
  }

  /// A service that acts for nobody may look at everything, and do nothing but make tokens void.
  private func decideMailboxForService(
    _ command: borrowing Command, at: Int?, _ draft: Draft
  ) -> Decision {
    guard command.actor.service != nil else { return .namesNoUser() }
    let mailbox = at.map { mailboxes[$0] } ?? MailboxState()
    switch command.body {
    case .inspectContact: return draft.tell()
    case .inspect(let peer): return draft.tell(mailbox.position(peer: peer))
    case .checkToken(let token): return mailbox.decideCheck(token, draft)
    case .revokeTokens(let device, let tokenID, let isOfService):
      return mailbox.decideRevoke(
        Revocation(
          device: device, tokenID: tokenID,
          issuedUntil: tokenID.isEmpty ? draft.now : .none, isOfService: isOfService), draft)
    default: return .namesNoUser()
    }
  }
}

/// What only the owner of a mailbox may do in it.
extension MailboxState {
  fileprivate func decideOwn(_ command: borrowing Command, _ draft: Draft) -> Decision {
    switch command.body {
    case .ack(let upTo, let registration): decideAck(upTo, registration, draft)
    case .ackGroups(let cursors, let registration):
      decideAckGroups(cursors, registration, draft)
    case .read(let peer, let upTo): decideRead(peer, upTo, draft)
    case .readGroup(let group, let upTo, let reading):
      decideReadGroup(group, upTo, reading, draft)
    case .openCursor(_, _, let token): decideOpenCursor(token, draft)
    case .checkToken(let token): decideCheck(token, draft)
    case .inspect(let peer): draft.tell(position(peer: peer))
    case .block(let peer, let isBlocked): decideBlock(peer, isBlocked, draft)
    case .mark(let conversation, let change): decideMark(conversation, change, draft)
    case .clear(let peer, let upTo): decideClear(peer, upTo, draft)
    case .forgetDevice(let device):
      devices.cursor(of: device) == nil
        ? draft.nothingToDo() : draft.append(.deviceForgotten(device), after: head)
    case .dropGroup(let group, let at):
      groups.contains(group)
        ? draft.append(.groupLeft(group, at: at), after: head) : draft.nothingToDo()
    case .openSession(let session, let client, let deviceClass):
      draft.append(
        .sessionOpened(session: session, client: client, deviceClass: deviceClass?.text ?? ""),
        after: head)
    case .closeSession(let session, let reason):
      draft.append(.sessionClosed(session: session, reason: reason), after: head)
    default: .reject(.invalidRequest, "this is not for mailboxes")
    }
  }

  private func decideAck(_ upTo: Seq, _ registration: Seq, _ draft: Draft) -> Decision {
    guard let device = draft.actor.device, let known = devices[device],
      known.isRegistered(as: registration)
    else { return .unknownDevice(draft.stream) }
    guard upTo <= head else { return .ackPastHead(draft.stream, upTo, head) }
    guard upTo > known.cursor else { return draft.nothingToDo() }
    return draft.append(
      .acked(
        upTo: upTo, senders: senders(newlyDeliveredBy: upTo, from: known.opened),
        after: known.opened), seq: .none)
  }

  private func decideRead(_ peer: UserID?, _ upTo: Seq, _ draft: Draft) -> Decision {
    guard let peer else { return .namesNoConversation() }
    guard upTo <= head else { return .pastHead(draft.stream, upTo, head) }
    // A read that covers no unread message says nothing new to anyone.
    guard let state = self.peer(peer), upTo > state.read, state.firstUnread != .none,
      state.firstUnread <= upTo
    else {
      return draft.nothingToDo()
    }
    return draft.append(
      .read(peer: peer, upTo: upTo, notice: notice(ofRead: upTo, from: state)), seq: head.next)
  }

  private func decideOpenCursor(_ token: TokenStamp?, _ draft: Draft) -> Decision {
    guard let device = draft.actor.device else {
      return .reject(.unknownDevice, "only a device can follow a mailbox")
    }
    if let token, revocations.cover(token, of: device) { return .reject(.tokenIsRevoked) }
    if let known = devices[device] {
      return draft.tell(position(of: known, resumed: true))
    }
    guard devices.count < Limits.devicesPerUserMax else {
      return .reject(
        .tooManyDevices,
        "\(draft.stream) has \(Limits.devicesPerUserMax) devices; forget one that is not used")
    }
    // Forgetting it has taken a seq, so that it can't have this one again.
    let new = DeviceCursor(
      device: device, cursor: cursorOfNewDevice(back: draft.policy.syncBackMax),
      registration: head.next)
    return draft.append(
      .cursorOpened(cursor: new.cursor, registration: new.registration), after: head,
      position: position(of: new, resumed: false))
  }

  fileprivate func position(
    of device: DeviceCursor? = nil, resumed: Bool = true, peer: UserID? = nil
  ) -> StreamPosition {
    StreamPosition(
      cursor: device?.cursor ?? .none, head: head, resumed: resumed,
      registration: device?.registration ?? .none,
      visible: [SeqInterval(first: Seq(1), last: nil)], groups: groups, blocked: blocked,
      quiet: marks.isEmpty ? [] : marks.filter(\.value.isQuiet).map(\.key),
      cleared: peer.flatMap { self.peer($0)?.cleared } ?? .none,
      reached: GroupsReached(cursors: device?.groups ?? GroupPositions(), reads: groupReads))
  }
}

extension Decision {
  static func namesNoConversation() -> Decision {
    .reject(.invalidRequest, "name the conversation that this is about: user/<peer>")
  }
}

import DaybookModel
import Ports

extension PartitionState {
  func decideMailbox(_ command: borrowing Command, at: Int?, _ draft: Draft) -> Decision {
    switch command.body {
    case .send(let message):
      let head = at.map { mailboxes.states[$0].head } ?? .none
      return draft.append(
        .messageSent(message), seq: head.next, messageID: nextMessageID(command, draft))
    case .createGroup, .join, .leave, .inspect:
      return .reject(
        DaybookError(.invalidRequest, "\(command.stream) is a mailbox, and this is for groups"))
    case .ack, .read, .openCursor: break
    }
    guard let user = command.actor.user, command.stream == .user(user) else {
      return .reject(DaybookError(.notPermitted, "\(command.stream) is another user's mailbox"))
    }
    let mailbox = at.map { mailboxes.states[$0] } ?? MailboxState()
    return switch command.body {
    case .ack(let upTo): PartitionState.decideAck(mailbox, upTo, draft)
    case .read(let peer, let upTo): PartitionState.decideRead(mailbox, peer, upTo, draft)
    default: PartitionState.decideOpenCursor(mailbox, draft)
    }
  }

  private static func decideAck(_ mailbox: MailboxState, _ upTo: Seq, _ draft: Draft) -> Decision {
    guard let device = draft.actor.device, let cursor = mailbox.cursor(of: device) else {
      return .reject(DaybookError(.unknownDevice, "this device does not follow \(draft.stream)"))
    }
    guard upTo <= mailbox.head else {
      return .reject(DaybookError.pastHead(draft.stream, upTo, mailbox.head))
    }
    guard upTo > cursor else { return draft.nothingToDo() }
    return draft.append(.acked(upTo: upTo, senders: mailbox.senders(newlyDeliveredBy: upTo)))
  }

  private static func decideRead(
    _ mailbox: MailboxState, _ peer: UserID?, _ upTo: Seq, _ draft: Draft
  ) -> Decision {
    guard let peer else {
      return .reject(
        DaybookError(.invalidRequest, "name the conversation that was read: user/<peer>"))
    }
    guard upTo <= mailbox.head else {
      return .reject(
        DaybookError(
          .seqPastHead, "\(draft.stream) ends at seq \(mailbox.head), before \(upTo)"))
    }
    // A read that covers no unread message says nothing new to anyone.
    guard let state = mailbox.peer(peer), upTo > state.read, state.firstUnread != .none,
      state.firstUnread <= upTo
    else {
      return draft.nothingToDo()
    }
    return draft.append(.read(peer: peer, upTo: upTo), seq: mailbox.head.next)
  }

  private static func decideOpenCursor(_ mailbox: MailboxState, _ draft: Draft) -> Decision {
    guard let device = draft.actor.device else {
      return .reject(DaybookError(.unknownDevice, "only a device can follow a mailbox"))
    }
    let known = mailbox.cursor(of: device)
    let cursor = known ?? mailbox.cursorOfNewDevice
    let position = StreamPosition(
      cursor: cursor, head: mailbox.head, resumed: known != nil,
      visible: [SeqInterval(first: Seq(1), last: nil)], groups: mailbox.groups)
    if known != nil {
      return .answer(CommandOutcome(recordedAt: draft.now, changed: false, position: position))
    }
    return draft.append(.cursorOpened(cursor: cursor), position: position)
  }
}

extension DaybookError {
  /// Who knows a position past the head has seen a log that this one has lost.
  static func pastHead(_ stream: StreamKey, _ seq: Seq, _ head: Seq) -> DaybookError {
    DaybookError(
      .logRolledBack,
      "\(stream) ends at seq \(head), but \(seq) was acked: the data folder was rolled back, "
        + "or the ack is of another server")
  }
}

import DaybookModel
import Ports

/// What others may do in a mailbox too.
extension PartitionState {
  func decideSend(
    _ message: Message, _ command: borrowing Command, at: Int?, by sender: UserID, _ draft: Draft
  ) -> Decision {
    let head = at.map { mailboxes[$0].head } ?? .none
    let isBlocked = hasBlocked(sender, at: at)
    if isBlocked, !draft.policy.hidesBlocks { return .blocked(draft.stream) }
    guard let id = nextMessageID(command, draft) else { return idsExhausted }
    guard isBlocked else {
      return draft.append(.messageSent(message), seq: head.next, messageID: id)
    }
    return draft.append(.messageWithheld(message), after: head, messageID: id)
  }

  func hasBlocked(_ user: UserID, at: Int?) -> Bool {
    guard let at, !mailboxes[at].blocked.isEmpty else { return false }
    return mailboxes[at].hasBlocked(user)
  }

  /// Both sides of a conversation amend what stands in the mailbox that the message was sent to:
  /// so each message has one place where it is decided what it is.
  func decideAmendmentInMailbox(
    _ command: borrowing Command, at: Int?, by user: UserID, _ draft: Draft
  ) -> Decision {
    switch command.body {
    case .recall(let message):
      guard user == message.author else { return .notTheAuthor(message) }
      guard let at, isIn(at, message) else { return .noSuchMessage(message, draft.stream) }
      return mailboxes[at].amended.decideRecall(
        message, peer: message.author, isLimited: true, after: mailboxes[at].head, draft
      ).withheld(message.isWithheld)
    case .edit(let message, let content):
      guard user == message.author else { return .notTheAuthor(message) }
      guard let at, isIn(at, message) else { return .noSuchMessage(message, draft.stream) }
      let isBlocked = hasBlocked(user, at: at)
      if isBlocked, !draft.policy.hidesBlocks { return .blocked(draft.stream) }
      return mailboxes[at].amended.decideEdit(
        message, content, peer: message.author, after: mailboxes[at].head, draft
      ).withheld(message.isWithheld || isBlocked)
    case .react(let message, let reaction, let isRemoved):
      guard user == message.author || draft.stream.isMailbox(of: user) else {
        return .reject(.notPermitted, "message \(message.messageID) is of a conversation of others")
      }
      guard let at, isIn(at, message) else { return .noSuchMessage(message, draft.stream) }
      let isBlocked = !isRemoved && hasBlocked(user, at: at)
      if isBlocked, !draft.policy.hidesBlocks { return .blocked(draft.stream) }
      let given = AmendedMessage.Reaction(user: user, text: reaction)
      // What the other side does not know of can't be taken back there.
      let isUnknown =
        !mailboxes[at].amended.isUnknown(message.messageID)
        && mailboxes[at].amended[message.messageID].withheld.contains(given)
      return mailboxes[at].amended.decideReaction(
        message, given, isRemoved: isRemoved, peer: message.author,
        after: mailboxes[at].head, draft
      ).withheld(message.isWithheld || isBlocked || isUnknown)
    default: return .reject(.invalidRequest, "this amends no message")
    }
  }

  private func isIn(_ mailbox: Int, _ message: MessageReference) -> Bool {
    message.isWithheld || message.seq <= mailboxes[mailbox].head
  }

  /// Whoever talks with the actor may be seen by the actor.
  func decideInspectContact(of user: UserID, at: Int?, _ draft: Draft) -> Decision {
    if draft.stream.isMailbox(of: user) { return draft.tell() }
    guard let at, mailboxes[at].peer(user)?.isContact ?? false, !hasBlocked(user, at: at)
    else {
      return .reject(.notPermitted, "\(draft.stream.id) has not written to \(user)")
    }
    return draft.tell()
  }
}

extension Decision {
  static func blocked(_ stream: StreamKey) -> Decision {
    .reject(.blocked, "\(stream.id) wants no messages of yours")
  }

  static func notTheAuthor(_ message: MessageReference) -> Decision {
    .reject(.notPermitted, "message \(message.messageID) is another's")
  }

  /// The same, and answered as ever; but only the author's own devices get to know of it.
  fileprivate func withheld(_ isWithheld: Bool) -> Decision {
    guard isWithheld, case .append(var event, .done(var result)) = self,
      let amendment = event.body.withheldAmendment
    else { return self }
    event.body = .amendmentWithheld(amendment)
    (event.seq, result.seq) = (.none, .none)
    return .append(event, .done(result))
  }
}

extension Event.Body {
  fileprivate var withheldAmendment: WithheldAmendment? {
    switch self {
    case .messageRecalled(let target): target.peer.map { WithheldAmendment(by: $0, .recalled) }
    case .messageEdited(let target, let content):
      target.peer.map { WithheldAmendment(by: $0, .edited(content)) }
    case .reactionAdded(let target, let reaction):
      target.peer.map { WithheldAmendment(by: $0, .reactionAdded(reaction)) }
    case .reactionRemoved(let target, let reaction):
      target.peer.map { WithheldAmendment(by: $0, .reactionRemoved(reaction)) }
    default: nil
    }
  }
}

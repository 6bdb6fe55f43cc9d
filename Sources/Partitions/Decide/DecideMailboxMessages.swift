import DaybookModel
import Ports

/// What others may do in a mailbox too.
extension PartitionState {
  func decideSend(
    _ message: Message, _ command: borrowing Command, at: Int?, by sender: UserID, _ draft: Draft
  ) -> Decision {
    let head = at.map { mailboxes.states[$0].head } ?? .none
    let isBlocked = hasBlocked(sender, at: at)
    if isBlocked, !draft.policy.hidesBlocks { return .blocked(draft.stream) }
    guard let id = nextMessageID(command, draft) else { return idsExhausted }
    guard isBlocked else {
      return draft.append(.messageSent(message), seq: head.next, messageID: id)
    }
    return draft.append(.messageWithheld(message), after: head, messageID: id)
  }

  func hasBlocked(_ user: UserID, at: Int?) -> Bool {
    guard let at, !mailboxes.states[at].blocked.isEmpty else { return false }
    return mailboxes.states[at].hasBlocked(user)
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
      return mailboxes.states[at].amended.decideRecall(
        message, peer: message.author, isLimited: true, after: mailboxes.states[at].head, draft)
    case .edit(let message, let content):
      guard user == message.author else { return .notTheAuthor(message) }
      guard let at, isIn(at, message) else { return .noSuchMessage(message, draft.stream) }
      if hasBlocked(user, at: at) { return .amendedByBlocked(draft) }
      return mailboxes.states[at].amended.decideEdit(
        message, content, peer: message.author, after: mailboxes.states[at].head, draft)
    case .react(let message, let reaction, let isRemoved):
      guard user == message.author || draft.stream.isMailbox(of: user) else {
        return .reject(.notPermitted, "message \(message.messageID) is of a conversation of others")
      }
      guard let at, isIn(at, message) else { return .noSuchMessage(message, draft.stream) }
      if !isRemoved, hasBlocked(user, at: at) { return .amendedByBlocked(draft) }
      return mailboxes.states[at].amended.decideReaction(
        message, AmendedMessage.Reaction(user: user, text: reaction), isRemoved: isRemoved,
        peer: message.author, after: mailboxes.states[at].head, draft)
    default: return .reject(.invalidRequest, "this amends no message")
    }
  }

  private func isIn(_ mailbox: Int, _ message: MessageReference) -> Bool {
    message.seq != .none && message.seq <= mailboxes.states[mailbox].head
  }

  /// Whoever talks with the actor may be seen by the actor.
  func decideInspectContact(of user: UserID, at: Int?, _ draft: Draft) -> Decision {
    if draft.stream.isMailbox(of: user) { return draft.tell() }
    guard let at, mailboxes.states[at].peer(user)?.isContact ?? false, !hasBlocked(user, at: at)
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

  fileprivate static func amendedByBlocked(_ draft: Draft) -> Decision {
    draft.policy.hidesBlocks ? draft.nothingToDo() : .blocked(draft.stream)
  }
}

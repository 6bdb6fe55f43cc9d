import DaybookModel
import Ports

/// Whom the owner of a mailbox doesn't want, and how conversations are to be shown.
extension MailboxState {
  func decideBlock(_ user: UserID, _ isBlocked: Bool, _ draft: Draft) -> Decision {
    if draft.stream.isMailbox(of: user) {
      return .reject(.invalidRequest, "nobody blocks themselves")
    }
    if hasBlocked(user) == isBlocked { return draft.nothingToDo() }
    guard isBlocked else { return draft.append(.userUnblocked(user), after: head) }
    guard blocked.count < Limits.blockedMax else {
      return .reject(
        .invalidRequest, "\(Limits.blockedMax) users are blocked already; unblock some first")
    }
    return draft.append(.userBlocked(user), after: head)
  }

  func decideMark(_ conversation: StreamKey, _ change: MarksChange, _ draft: Draft) -> Decision {
    let known = marks[conversation]
    let changed = change.applied(to: known ?? .none)
    if changed == known ?? .none { return draft.nothingToDo() }
    guard known != nil || marks.count < Limits.marksMax else {
      return .reject(
        .invalidRequest, "\(Limits.marksMax) conversations are marked already; unmark some first")
    }
    return draft.append(.conversationMarked(conversation, changed), after: head)
  }

  func decideClear(_ peer: UserID?, _ upTo: Seq, _ draft: Draft) -> Decision {
    guard let peer else { return .namesNoConversation() }
    guard upTo <= head else { return .pastHead(draft.stream, upTo, head) }
    guard upTo > self.peer(peer)?.cleared ?? .none else { return draft.nothingToDo() }
    return draft.append(.conversationCleared(peer: peer, upTo: upTo), after: head)
  }
}

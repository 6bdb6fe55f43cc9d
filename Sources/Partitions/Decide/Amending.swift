import DaybookModel
import NIOCore
import Ports

/// Amendments, once it is known that their actor may make them: what a message has become decides
/// whether there is anything to do.
extension AmendedMemory {
  /// `isLimited`: only for as long as authors may.
  func decideRecall(
    _ message: MessageReference, peer: UserID?, isLimited: Bool, after head: Seq, _ draft: Draft
  ) -> Decision {
    if isUnknown(message.messageID) { return .unknownAmendments(message) }
    let amended = self[message.messageID]
    if amended.isRecalled { return draft.nothingToDo() }
    if isLimited, let limit = draft.policy.recallLimitMilliseconds,
      draft.now.milliseconds >= message.sentAt.milliseconds.addingSaturated(limit)
    {
      return .reject(.recallExpired, "it was sent more than \(limit / 1000) seconds ago")
    }
    return draft.append(
      .messageRecalled(MessageTarget(peer: peer, seq: message.seq)), after: head,
      messageID: message.messageID)
  }

  func decideEdit(
    _ message: MessageReference, _ content: ByteBuffer, peer: UserID?, after head: Seq,
    _ draft: Draft
  ) -> Decision {
    if isUnknown(message.messageID) { return .unknownAmendments(message) }
    let amended = self[message.messageID]
    if amended.isRecalled { return .wasRecalled(message) }
    guard amended.changes < Limits.amendmentsPerMessageMax else { return .tooManyChanges() }
    guard amended.edits < Limits.editsPerMessageMax else {
      return .tooMany("edited \(Limits.editsPerMessageMax) times")
    }
    return draft.append(
      .messageEdited(MessageTarget(peer: peer, seq: message.seq), content: content),
      after: head, messageID: message.messageID)
  }

  func decideReaction(
    _ message: MessageReference, _ reaction: AmendedMessage.Reaction, isRemoved: Bool,
    peer: UserID?, after head: Seq, _ draft: Draft
  ) -> Decision {
    if isUnknown(message.messageID) { return .unknownAmendments(message) }
    let amended = self[message.messageID]
    if amended.isRecalled { return .wasRecalled(message) }
    guard amended.reactions.contains(reaction) == isRemoved else { return draft.nothingToDo() }
    guard isRemoved || amended.reactions.count < Limits.reactionsPerMessageMax else {
      return .tooMany("given \(Limits.reactionsPerMessageMax) reactions")
    }
    guard amended.changes < Limits.amendmentsPerMessageMax else { return .tooManyChanges() }
    let target = MessageTarget(peer: peer, seq: message.seq)
    return draft.append(
      isRemoved ? .reactionRemoved(target, reaction.text) : .reactionAdded(target, reaction.text),
      after: head, messageID: message.messageID)
  }
}

extension Decision {
  static func wasRecalled(_ message: MessageReference) -> Decision {
    .reject(.messageWasRecalled, "message \(message.messageID) was recalled")
  }

  static func noSuchMessage(_ message: MessageReference, _ stream: StreamKey) -> Decision {
    .reject(.messageNotFound, "there is no message \(message.messageID) that you see in \(stream)")
  }

  /// Whoever holds the state asks the log first.
  fileprivate static func unknownAmendments(_ message: MessageReference) -> Decision {
    .reject(
      .overloaded, "what became of message \(message.messageID) is not known yet; retry")
  }

  fileprivate static func tooManyChanges() -> Decision {
    .tooMany("edited and reacted to more than \(Limits.amendmentsPerMessageMax) times")
  }

  fileprivate static func tooMany(_ what: String) -> Decision {
    .reject(.tooManyAmendments, "a message can't be \(what)")
  }
}

extension UInt64 {
  fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

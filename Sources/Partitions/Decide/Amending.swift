import DaybookModel
import NIOCore
import Ports

/// Amendments, once it is known that their actor may make them: what a message has become decides
/// whether there is anything to do.
extension AmendedMessages {
  func isRecalled(_ message: MessageReference) -> Bool {
    self[message.messageID]?.isRecalled ?? false
  }

  /// `isLimited`: only for as long as authors may.
  func decideRecall(
    _ message: MessageReference, peer: UserID?, isLimited: Bool, after head: Seq, _ draft: Draft
  ) -> Decision {
    if isRecalled(message) { return draft.nothingToDo() }
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
    let amended = self[message.messageID] ?? AmendedMessage()
    if amended.isRecalled { return .wasRecalled(message) }
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
    let amended = self[message.messageID] ?? AmendedMessage()
    if amended.isRecalled { return .wasRecalled(message) }
    guard amended.reactions.contains(reaction) == isRemoved else { return draft.nothingToDo() }
    guard isRemoved || amended.reactions.count < Limits.reactionsPerMessageMax else {
      return .tooMany("given \(Limits.reactionsPerMessageMax) reactions")
    }
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

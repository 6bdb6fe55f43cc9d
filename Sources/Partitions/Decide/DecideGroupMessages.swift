import DaybookModel
import NIOCore
import Ports

extension PartitionState {
  /// Nil for who may speak. It is asked of every message: what it needs is read where it lies, for
  /// to hold a whole group's state, or to return a whole decision, costs more than the rest of it.
  func refusalToSpeak(
    _ user: UserID, in group: Int, _ stream: StreamKey
  ) -> DaybookError? {
    if groups[group].isDissolved { return .groupDissolved(stream) }
    guard let member = groups[group].member(user), member.isMember else {
      return .notAMember(user, stream)
    }
    let areAllSilenced = groups[group].settings.isSilenced
    return member.maySpeak(whereAllAreSilenced: areAllSilenced) ? nil : .silenced(stream)
  }
}

/// What becomes of what was said in a group.
extension GroupState {
  func decideRecall(_ message: MessageReference, by user: UserID, _ draft: Draft) -> Decision {
    guard let member = member(user), member.isMember else {
      return .notAMember(user, draft.stream)
    }
    guard sees(member, message) else { return .noSuchMessage(message, draft.stream) }
    guard user == message.author || member.role.isModerator else { return .notTheAuthor(message) }
    return amended.decideRecall(
      message, peer: nil, isLimited: !member.role.isModerator, after: head, draft)
  }

  func decideEdit(
    _ message: MessageReference, _ content: ByteBuffer, by user: UserID, _ draft: Draft
  ) -> Decision {
    guard let member = member(user), member.isMember else {
      return .notAMember(user, draft.stream)
    }
    guard sees(member, message) else { return .noSuchMessage(message, draft.stream) }
    guard user == message.author else { return .notTheAuthor(message) }
    guard member.maySpeak(whereAllAreSilenced: settings.isSilenced) else {
      return .reject(.silenced(draft.stream))
    }
    return amended.decideEdit(message, content, peer: nil, after: head, draft)
  }

  func decideReaction(
    _ message: MessageReference, _ reaction: String, isRemoved: Bool, by user: UserID,
    _ draft: Draft
  ) -> Decision {
    guard let member = member(user), member.isMember else {
      return .notAMember(user, draft.stream)
    }
    guard sees(member, message) else { return .noSuchMessage(message, draft.stream) }
    guard isRemoved || member.maySpeak(whereAllAreSilenced: settings.isSilenced) else {
      return .reject(.silenced(draft.stream))
    }
    return amended.decideReaction(
      message, AmendedMessage.Reaction(user: user, text: reaction), isRemoved: isRemoved,
      peer: nil, after: head, draft)
  }

  private func sees(_ member: MemberState, _ message: MessageReference) -> Bool {
    message.seq != .none && message.seq <= head
      && member.visible(in: settings).contains { $0.contains(message.seq) }
  }
}

extension DaybookError {
  fileprivate static func silenced(_ stream: StreamKey) -> DaybookError {
    DaybookError(.silenced, "a moderator of \(stream) has taken your voice")
  }
}

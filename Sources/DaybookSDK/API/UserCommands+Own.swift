import DaybookModel
import WireProtocol

/// A user's own list of conversations, people and devices.
extension UserCommands {
  /// Takes no more messages of a user, nor edits and reactions in the conversation with them; nor
  /// is that user told whether this one is there. False if it was so before.
  @discardableResult
  public func block(_ user: String) async throws(ClientError) -> Bool {
    try await issuer.command(.block(.parse(user), true)).changed
  }

  /// Takes a block back.
  @discardableResult
  public func unblock(_ user: String) async throws(ClientError) -> Bool {
    try await issuer.command(.block(.parse(user), false)).changed
  }

  /// Ends a device's session, and keeps nothing for it any more: should it come again, it is a new
  /// one. False for a device that isn't known.
  @discardableResult
  public func forgetDevice(_ device: String) async throws(ClientError) -> Bool {
    try await issuer.command(.forgetDevice(.parse(device))).changed
  }

  /// Marks a conversation; what is nil stays as it is. False if that changes nothing.
  @discardableResult
  public func mark(
    _ conversation: Conversation, isQuiet: Bool? = nil, isPinned: Bool? = nil,
    isUnread: Bool? = nil
  ) async throws(ClientError) -> Bool {
    let change = MarksChange(isQuiet: isQuiet, isPinned: isPinned, isUnread: isUnread)
    return try await issuer.command(.mark(conversation: conversation.key(), change)).changed
  }

  /// Deletes a conversation up to this seq (of the mailbox or group), for this user only: history
  /// no longer shows it. Throws `seq_past_head` among others.
  @discardableResult
  public func clear(_ conversation: Conversation, upToSeq seq: UInt64) async throws(ClientError)
    -> Bool
  {
    try await issuer.command(.clear(conversation: conversation.key(), upTo: Seq(seq))).changed
  }
}

import DaybookModel
import NIOCore
import WireProtocol

/// What is said, and what becomes of it.
extension DaybookClient {
  /// Sends a text. `clientTimeMilliseconds` (since 1970) is when it was written, by the sender's
  /// clock. Throws `invalid_id`; all else comes through the message's status.
  @discardableResult
  public func send(
    text: String, to conversation: Conversation, clientTimeMilliseconds: UInt64? = nil
  ) throws(ClientError) -> SentMessage {
    try send(.text(text), to: conversation, clientTimeMilliseconds: clientTimeMilliseconds)
  }

  @discardableResult
  public func send(
    _ content: MessageContent, to conversation: Conversation,
    clientTimeMilliseconds: UInt64? = nil
  ) throws(ClientError) -> SentMessage {
    let options = SendOptions(clientTimeMilliseconds: clientTimeMilliseconds)
    return try send(content, to: conversation, options: options)
  }

  /// Sends a text as an answer, with mentions, for some days, or to whoever is online only. Throws
  /// `invalid_id` and `invalid_argument` for what the options say; all else comes through the
  /// message's status.
  @discardableResult
  public func send(
    text: String, to conversation: Conversation, options: SendOptions
  ) throws(ClientError) -> SentMessage {
    try send(.text(text), to: conversation, options: options)
  }

  @discardableResult
  public func send(
    _ content: MessageContent, to conversation: Conversation, options: SendOptions
  ) throws(ClientError) -> SentMessage {
    let to = try conversation.key()
    let extras = try options.extras()
    let time = Timestamp(milliseconds: options.clientTimeMilliseconds ?? 0)
    let message = DaybookModel.Message(content: content.encoded(), clientTime: time)
    return dispatch(.send(to: to, message, extras), to: conversation)
  }

  /// Sends what a message says now into another conversation, or into the same. It is a message of
  /// its own, which names where it was said first. Throws `invalid_id`; all else comes through the
  /// message's status: `message_not_found` and `message_recalled` among them.
  @discardableResult
  public func forward(
    _ messageID: UInt64, in conversation: Conversation, to receiver: Conversation
  ) throws(ClientError) -> SentMessage {
    let source = try conversation.key()
    let to = try receiver.key()
    return dispatch(
      .forward(to: to, conversation: source, MessageID(messageID)), to: receiver)
  }

  /// Takes a message back: nobody is shown it any more. One's own, for as long as the server
  /// allows; in a group, admins take back anybody's. False if it was taken back before. Throws
  /// `message_not_found`, `not_permitted`, `recall_expired` among others.
  @discardableResult
  public func recall(_ messageID: UInt64, in conversation: Conversation) async throws -> Bool {
    try await command(.recall(conversation: conversation.key(), MessageID(messageID))).changed
  }

  /// Makes an own message say something else. Throws `message_not_found`, `message_recalled`,
  /// `not_permitted`, `silenced`, `blocked`, `too_many_amendments` among others.
  public func edit(
    _ messageID: UInt64, in conversation: Conversation, text: String
  ) async throws {
    try await edit(messageID, in: conversation, content: .text(text))
  }

  public func edit(
    _ messageID: UInt64, in conversation: Conversation, content: MessageContent
  ) async throws {
    _ = try await command(
      .edit(
        conversation: conversation.key(), MessageID(messageID), content: content.encoded()))
  }

  /// Reacts to a message with 1 to 64 bytes of text, such as an emoji: once with each. False if
  /// this user has done so before. Throws `message_not_found`, `message_recalled`, `silenced`,
  /// `blocked`, `too_many_amendments` among others.
  @discardableResult
  public func react(
    _ reaction: String, to messageID: UInt64, in conversation: Conversation
  ) async throws -> Bool {
    try await react(reaction, messageID, conversation, isRemoved: false)
  }

  /// Takes a reaction back. False if there was none.
  @discardableResult
  public func unreact(
    _ reaction: String, to messageID: UInt64, in conversation: Conversation
  ) async throws -> Bool {
    try await react(reaction, messageID, conversation, isRemoved: true)
  }

  private func react(
    _ reaction: String, _ messageID: UInt64, _ conversation: Conversation, isRemoved: Bool
  ) async throws -> Bool {
    let key = try conversation.key()
    return try await command(
      .react(
        conversation: key, MessageID(messageID), reaction: reaction, isRemoved: isRemoved)
    ).changed
  }

  /// The user has read the conversation up to this message's seq. Sent again until it is durable. A
  /// conversation that the user had marked as unread is so no longer; with seq 0, only that.
  public func markRead(_ conversation: Conversation, upToSeq seq: UInt64) throws(ClientError) {
    engine.submit(.read(try conversation.key(), upTo: Seq(seq)))
  }

  public func markRead(_ message: IncomingMessage) throws(ClientError) {
    guard !message.isTransient else { return }
    try markRead(message.conversation, upToSeq: message.seq)
  }

  /// Tells the others that the user is typing; dropped while there is no connection.
  public func typing(in conversation: Conversation) throws(ClientError) {
    engine.submit(.typing(try conversation.key()))
  }
}

import DaybookModel
import NIOCore
import WireProtocol

/// What is said, and what becomes of it.
extension UserCommands {
  /// Sends a text; `options` make it an answer, with mentions, for some days, or for whoever is online
  /// only. Throws `invalid_id`, and `invalid_argument` for what the options say; all else comes through
  /// the message: wait with ``SentMessage/stored()`` where it matters.
  @discardableResult
  public func send(
    text: String, to conversation: Conversation, options: SendOptions = SendOptions()
  ) throws(ClientError) -> SentMessage {
    try send(.text(text), to: conversation, options: options)
  }

  /// Sends any content, as `send(text:to:options:)` a text.
  @discardableResult
  public func send(
    _ content: MessageContent, to conversation: Conversation, options: SendOptions = SendOptions()
  ) throws(ClientError) -> SentMessage {
    let to = try conversation.key()
    let extras = try options.extras()
    let time = Timestamp(milliseconds: options.clientTime?.millisecondsSince1970 ?? 0)
    let message = DaybookModel.Message(content: content.encoded(), clientTime: time)
    return issuer.dispatch(.send(to: to, message, extras), to: conversation)
  }

  /// Sends what a message says now into another conversation, or into the same. It is a message of
  /// its own, which names where it was said first. Throws `invalid_id`; all else comes through the
  /// message: `message_not_found` and `message_recalled` among them.
  @discardableResult
  public func forward(
    _ messageID: UInt64, in conversation: Conversation, to receiver: Conversation
  ) throws(ClientError) -> SentMessage {
    let source = try conversation.key()
    let to = try receiver.key()
    return issuer.dispatch(
      .forward(to: to, conversation: source, MessageID(messageID)), to: receiver)
  }

  /// Takes a message back: nobody is shown it any more. One's own, for as long as the server
  /// allows; in a group, admins take back anybody's. False if it was taken back before. Throws
  /// `message_not_found`, `not_permitted`, `recall_expired` among others.
  @discardableResult
  public func recall(_ messageID: UInt64, in conversation: Conversation) async throws(ClientError)
    -> Bool
  {
    try await issuer.command(.recall(conversation: conversation.key(), MessageID(messageID)))
      .changed
  }

  /// Makes an own message say something else. Throws `message_not_found`, `message_recalled`,
  /// `not_permitted`, `silenced`, `blocked`, `too_many_amendments` among others.
  public func edit(
    _ messageID: UInt64, in conversation: Conversation, text: String
  ) async throws(ClientError) {
    try await edit(messageID, in: conversation, content: .text(text))
  }

  /// As `edit(_:in:text:)`, with any content.
  public func edit(
    _ messageID: UInt64, in conversation: Conversation, content: MessageContent
  ) async throws(ClientError) {
    _ = try await issuer.command(
      .edit(
        conversation: conversation.key(), MessageID(messageID), content: content.encoded()))
  }

  /// Reacts to a message with 1 to 64 bytes of text, such as an emoji: once with each. False if
  /// this user has done so before. Throws `message_not_found`, `message_recalled`, `silenced`,
  /// `blocked`, `too_many_amendments` among others.
  @discardableResult
  public func react(
    _ reaction: String, to messageID: UInt64, in conversation: Conversation
  ) async throws(ClientError) -> Bool {
    try await react(reaction, messageID, conversation, isRemoved: false)
  }

  /// Takes a reaction back. False if there was none.
  @discardableResult
  public func unreact(
    _ reaction: String, to messageID: UInt64, in conversation: Conversation
  ) async throws(ClientError) -> Bool {
    try await react(reaction, messageID, conversation, isRemoved: true)
  }

  private func react(
    _ reaction: String, _ messageID: UInt64, _ conversation: Conversation, isRemoved: Bool
  ) async throws(ClientError) -> Bool {
    let key = try conversation.key()
    return try await issuer.command(
      .react(
        conversation: key, MessageID(messageID), reaction: reaction, isRemoved: isRemoved)
    ).changed
  }
}

/// The same by the message itself, as it came in an event or a page of history.
extension UserCommands {
  /// As `forward(_:in:to:)`.
  @discardableResult
  public func forward(
    _ message: IncomingMessage, to receiver: Conversation
  ) throws(ClientError) -> SentMessage {
    try forward(message.id, in: message.conversation, to: receiver)
  }

  /// As `recall(_:in:)`.
  @discardableResult
  public func recall(_ message: IncomingMessage) async throws(ClientError) -> Bool {
    try await recall(message.id, in: message.conversation)
  }

  /// As `edit(_:in:text:)`.
  public func edit(_ message: IncomingMessage, text: String) async throws(ClientError) {
    try await edit(message.id, in: message.conversation, text: text)
  }

  /// As `react(_:to:in:)`.
  @discardableResult
  public func react(
    _ reaction: String, to message: IncomingMessage
  ) async throws(ClientError) -> Bool {
    try await react(reaction, to: message.id, in: message.conversation)
  }

  /// As `unreact(_:to:in:)`.
  @discardableResult
  public func unreact(
    _ reaction: String, to message: IncomingMessage
  ) async throws(ClientError) -> Bool {
    try await unreact(reaction, to: message.id, in: message.conversation)
  }

  /// As `clear(_:upToSeq:)`, of the message's conversation, up to it.
  @discardableResult
  public func clear(upTo message: IncomingMessage) async throws(ClientError) -> Bool {
    try await clear(message.conversation, upToSeq: message.seq)
  }
}

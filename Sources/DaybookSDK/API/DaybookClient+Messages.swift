import DaybookModel
import WireProtocol

/// Reading and typing, which are a device's own.
extension DaybookClient {
  /// The user has read the conversation up to this message's seq. Sent again until it is durable. A
  /// conversation that the user had marked as unread is so no longer; with seq 0, only that.
  public func markRead(_ conversation: Conversation, upToSeq seq: UInt64) throws(ClientError) {
    engine.submit(.read(try conversation.key(), upTo: Seq(seq)))
  }

  /// The user has read the message's conversation up to it. A transient one is nothing to mark.
  public func markRead(_ message: IncomingMessage) throws(ClientError) {
    guard !message.isTransient else { return }
    try markRead(message.conversation, upToSeq: message.seq)
  }

  /// Tells the others that the user is typing; dropped while there is no connection.
  public func typing(in conversation: Conversation) throws(ClientError) {
    engine.submit(.typing(try conversation.key()))
  }
}

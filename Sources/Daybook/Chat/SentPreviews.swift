import DaybookClient

/// What this user wrote, from this console or elsewhere, so that news of a message say of which.
struct SentPreviews {
  /// Of this console's messages without an answer, by `SentMessage.id`.
  private var unanswered: [UInt64: String] = [:]
  private var byMessage: [UInt64: String] = [:]

  mutating func sent(_ id: UInt64, _ text: String) { unanswered[id] = ChatText.preview(text) }

  /// An own message has come. False if this console sent it: then it is on the screen already.
  mutating func came(_ message: IncomingMessage) -> Bool {
    guard byMessage[message.id] == nil else { return false }
    byMessage[message.id] = ChatText.preview(ChatText.content(message.content))
    return true
  }

  /// The line that tells of it, if any.
  mutating func line(_ update: StatusUpdate) -> String? {
    var preview = update.messageID.flatMap { byMessage[$0] } ?? ""
    if let id = update.sendID {
      preview = unanswered.removeValue(forKey: id) ?? preview
      if let messageID = update.messageID { byMessage[messageID] = preview }
    }
    return ChatText.status(update, of: preview)
  }
}

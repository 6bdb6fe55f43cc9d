import DaybookSDK

/// What this user wrote, from this console or elsewhere, so that news of a message say of which.
struct SentPreviews {
  private struct Sent {
    var preview: String
    var number: Int?
  }

  /// Of this console's messages without an answer, by `SentMessage.id`.
  private var unanswered: [UInt64: Sent] = [:]
  private var byMessage: [UInt64: Sent] = [:]

  /// `number` is the one that the message has on the screen, if it can be referred to.
  mutating func sent(_ id: UInt64, _ text: String, number: Int? = nil) {
    unanswered[id] = Sent(preview: ChatText.preview(text), number: number)
  }

  /// The number of a message without an answer.
  func number(ofSend id: UInt64) -> Int? { unanswered[id]?.number }

  /// An own message has come. False if this console sent it: then it is on the screen already.
  mutating func came(_ message: IncomingMessage) -> Bool {
    guard byMessage[message.id] == nil else { return false }
    byMessage[message.id] = Sent(
      preview: ChatText.preview(ChatText.content(message.content)), number: nil)
    return true
  }

  /// The message that is now shown under this number.
  mutating func numbered(_ message: UInt64, _ number: Int?) {
    byMessage[message]?.number = number
  }

  /// The line that tells of it, if any.
  mutating func line(_ update: StatusUpdate) -> String? {
    var sent = update.messageID.flatMap { byMessage[$0] }
    if let id = update.sendID {
      sent = unanswered.removeValue(forKey: id) ?? sent
      if let messageID = update.messageID { byMessage[messageID] = sent }
    }
    return ChatText.status(update, of: sent?.preview ?? "", number: sent?.number)
  }
}

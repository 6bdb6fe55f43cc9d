import DaybookModel
import Testing

@testable import Console
@testable import DaybookSDK

@Suite("News of what was sent")
struct SentPreviewsTests {
  private let bo = Conversation.user("bo")

  private func update(
    _ status: MessageStatus, send: UInt64? = nil, message: UInt64? = nil
  ) -> StatusUpdate {
    StatusUpdate(sendID: send, messageID: message, conversation: bo, status: status)
  }

  private func stored(_ id: UInt64) -> MessageStatus {
    .stored(StoredMessage(messageID: id, seq: 1, recordedAtMilliseconds: 1))
  }

  private func own(_ text: String, id: UInt64) -> IncomingMessage {
    let me = UserID(checked: "me")
    let event = Event(
      stream: .user(me), seq: Seq(id), messageID: MessageID(id),
      recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: me),
      body: .messageCopied(
        Message(content: MessageContent.text(text).encoded()), to: UserID(checked: "bo"),
        peerSeq: Seq(1)))
    return IncomingMessage(event, for: me)!
  }

  @Test("name the message, from stored to read, and its copy isn't shown again")
  func sent() {
    var previews = SentPreviews()
    previews.sent(1, "m0")
    #expect(previews.line(update(stored(9), send: 1, message: 9)) == "✓ stored: m0")
    #expect(previews.came(own("m0", id: 9)) == false)
    #expect(previews.line(update(.delivered, message: 9)) == "✓✓ delivered to bo: m0")
    #expect(previews.line(update(.read, message: 9)) == "✓✓ read by bo: m0")
  }

  @Test("state the message's number where it has one")
  func numbers() {
    var previews = SentPreviews()
    previews.sent(1, "m0", number: 12)
    #expect(previews.number(ofSend: 1) == 12)
    #expect(previews.line(update(stored(9), send: 1, message: 9)) == "✓ stored [12]: m0")
    #expect(previews.number(ofSend: 1) == nil)
    #expect(previews.line(update(.read, message: 9)) == "✓✓ read by bo [12]: m0")
    _ = previews.came(own("from elsewhere", id: 10))
    previews.numbered(10, 13)
    #expect(
      previews.line(update(.delivered, message: 10)) == "✓✓ delivered to bo [13]: from elsewhere")
    previews.sent(2, "now")
    #expect(previews.line(update(.pushed, send: 2)) == "✓ sent to who is online: now")
  }

  @Test("name what another device sent, too")
  func otherDevice() {
    var previews = SentPreviews()
    #expect(previews.came(own("from elsewhere", id: 9)) == true)
    #expect(previews.line(update(.read, message: 9)) == "✓✓ read by bo: from elsewhere")
  }

  @Test("are of all that was written where no message is named")
  func unnamed() {
    var previews = SentPreviews()
    #expect(previews.line(update(.delivered)) == "✓✓ delivered to bo: what you wrote")
  }
}

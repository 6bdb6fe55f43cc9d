import DaybookModel
import Testing

@testable import Console
@testable import DaybookSDK

@Suite("The numbers in front of messages")
struct ShownMessagesTests {
  private let bo = Conversation.user("bo")

  private func message(_ id: UInt64, _ text: String, from: String = "bo") -> IncomingMessage {
    let event = Event(
      stream: StreamKey(checked: "user/me")!, seq: Seq(id), messageID: MessageID(id),
      recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: UserID(checked: from)),
      body: .messageSent(Message(content: MessageContent.text(text).encoded())))
    var message = IncomingMessage(event, for: UserID(checked: "me"))!
    message.conversation = bo
    return message
  }

  @Test("count up, and a message that is shown again keeps its own")
  func numbers() {
    var shown = ShownMessages(me: "me")
    #expect(shown.number(message(50, "a")) == 1)
    #expect(shown.number(message(40, "b")) == 2)
    #expect(shown.number(message(50, "a at last")) == 1)
    #expect(shown[1]?.id == 50 && shown[1]?.preview == "a at last")
    #expect(shown[2]?.author == "bo" && shown.entry(of: 40, in: bo)?.number == 2)
    #expect(shown[0] == nil && shown[3] == nil && shown.entry(of: 50, in: .group("bo")) == nil)
  }

  @Test("stand for what is not stored yet, from sending on")
  func reserved() {
    var shown = ShownMessages(me: "me")
    _ = shown.number(message(50, "a"))
    let number = shown.reserve(in: bo, "mine")
    #expect(number == 2 && shown[2]?.id == nil && shown[2]?.isOwn == true)
    #expect(shown.lastOwn(in: bo)?.number == 2 && shown.lastOwn(in: .user("al")) == nil)
    shown.bind(2, to: 51)
    #expect(shown[2]?.id == 51)
    #expect(shown.number(message(51, "mine", from: "me")) == 2)
  }

  @Test("come to a message that was not shown before with its edit; what is transient has none")
  func others() {
    var shown = ShownMessages(me: "me")
    let edit = MessageEdit(
      conversation: bo, messageID: 50, by: "bo", atMilliseconds: 1, content: .text("new"))
    for _ in 0..<2 { #expect(shown.number(edit) == 1) }
    #expect(shown[1]?.preview == "new")
    var now = message(0, "now")
    now.isTransient = true
    #expect(shown.number(now) == nil)
    #expect(shown[2] == nil)
  }

  private func edit(_ text: String, at: UInt64) -> ClientEvent {
    .edited(
      MessageEdit(
        conversation: bo, messageID: 1, by: "me", atMilliseconds: at, content: .text(text)))
  }

  @Test("what this console did and told isn't told again by its event, but the same done anew is")
  func doings() {
    var doings = OwnDoings()
    doings.expect(edit("a", at: 0))
    #expect(doings.take(edit("b", at: 5)) == false)
    #expect(doings.take(edit("a", at: 5)) == true)
    #expect(doings.take(edit("a", at: 9)) == false)
    doings.expect(.blocked("bo"))
    doings.expect(.blocked("bo"))
    doings.withdraw(.blocked("bo"))
    #expect(doings.take(.blocked("bo")) == true)
    #expect(doings.take(.blocked("bo")) == false)
    // An invitation of who has asked to join lets them in.
    doings.expect(.memberInvited(group: "g", user: "bo", by: "me"))
    #expect(doings.take(.memberJoined(group: "g", user: "bo", by: "me")) == true)
    doings.expect(.groupChanged("g", GroupAttributes(GroupSettings(title: "")), by: "me"))
    let changed = GroupAttributes(GroupSettings(title: "new"))
    #expect(doings.take(.groupChanged("g", changed, by: "bo")) == false)
    #expect(doings.take(.groupChanged("g", changed, by: "me")) == true)
  }
}

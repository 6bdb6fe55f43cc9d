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
    #expect(shown[1, in: bo]?.id == 50 && shown[1, in: bo]?.preview == "a at last")
    #expect(shown[2, in: bo]?.author == "bo" && shown.entry(of: 40, in: bo)?.number == 2)
    #expect(
      shown[0, in: bo] == nil && shown[3, in: bo] == nil
        && shown.entry(of: 50, in: .group("bo")) == nil)
  }

  @Test("are only those of messages that were shown in the open conversation")
  func unnumbered() {
    var shown = ShownMessages(me: "me")
    shown.remember(message(50, "a"))
    #expect(shown[1, in: bo] == nil && shown.entry(of: 50, in: bo)?.preview == "a")
    shown.change(MessageEdit(conversation: bo, messageID: 50, by: "bo", content: .text("b")))
    #expect(shown.entry(of: 50, in: bo)?.preview == "b")
    #expect(shown.number(message(49, "first")) == 1 && shown.number(message(50, "b")) == 2)
    shown.remember(message(50, "c"))
    #expect(shown.entry(of: 50, in: bo)?.number == 2)
  }

  @Test("are each conversation's own")
  func conversations() {
    var shown = ShownMessages(me: "me")
    var other = message(60, "there")
    other.conversation = .group("team")
    #expect(shown.number(message(50, "a")) == 1 && shown.number(other) == 1)
    #expect(shown.number(message(51, "b")) == 2)
    #expect(shown[1, in: .group("team")]?.id == 60 && shown[2, in: .group("team")] == nil)
    #expect(shown.conversations(with: 1) == [.group("team"), bo])
    #expect(shown.conversations(with: 2) == [bo] && shown.conversations(with: 3) == [])
  }

  @Test("stay what they are when older ones are forgotten")
  func bounded() {
    var shown = ShownMessages(me: "me")
    for id in 1...UInt64(ShownMessages.entriesMax) + 5 { _ = shown.number(message(id, "x")) }
    #expect(shown[5, in: bo] == nil && shown.entry(of: 5, in: bo) == nil)
    #expect(shown[6, in: bo]?.id == 6 && shown.conversations(with: 5) == [])
    #expect(shown[ShownMessages.entriesMax + 5, in: bo]?.number == ShownMessages.entriesMax + 5)
  }

  @Test("stand for what is not stored yet, from sending on")
  func reserved() {
    var shown = ShownMessages(me: "me")
    _ = shown.number(message(50, "a"))
    let number = shown.reserve(in: bo, "mine")
    #expect(number == 2 && shown[2, in: bo]?.id == nil && shown[2, in: bo]?.isOwn == true)
    #expect(shown.lastOwn(in: bo)?.number == 2 && shown.lastOwn(in: .user("al")) == nil)
    shown.bind(2, in: bo, to: 51)
    #expect(shown[2, in: bo]?.id == 51)
    #expect(shown.number(message(51, "mine", from: "me")) == 2)
  }

  @Test("come to a message that was not shown before with its edit; what is transient has none")
  func others() {
    var shown = ShownMessages(me: "me")
    let edit = MessageEdit(
      conversation: bo, messageID: 50, by: "bo", at: Moment(millisecondsSince1970: 1),
      content: .text("new"))
    for _ in 0..<2 { #expect(shown.number(edit) == 1) }
    #expect(shown[1, in: bo]?.preview == "new")
    var now = message(0, "now")
    now.isTransient = true
    #expect(shown.number(now) == nil)
    #expect(shown[2, in: bo] == nil)
  }

  private func edit(_ text: String, at: UInt64) -> ClientEvent {
    .edited(
      MessageEdit(
        conversation: bo, messageID: 1, by: "me", at: Moment(millisecondsSince1970: at),
        content: .text(text)))
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

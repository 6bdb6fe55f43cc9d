import DaybookClient
import DaybookModel
import Testing

@testable import Daybook

@Suite("The console client")
struct ChatTests {
  @Test(
    "takes a line as a command or as text",
    arguments: [
      ("", ChatInput.nothing), ("hello", .text("hello")), (" /to bob", .text(" /to bob")),
      ("//slash", .text("/slash")), ("/to bob", .to("bob")), ("/group ubuntu", .group("ubuntu")),
      ("/join", .join(nil)), ("/join ubuntu", .join("ubuntu")), ("/leave", .leave(nil)),
      ("/history", .history(ChatInput.historyDefault)), ("/history 5", .history(5)),
      ("/unread", .unread), ("/online", .online([])), ("/online a b", .online(["a", "b"])),
      ("/typing", .typing), ("/help", .help), ("/quit", .quit),
    ])
  func input(line: String, expected: ChatInput) {
    #expect(ChatInput(line) == expected)
  }

  @Test(
    "says how a command is written that is wrong",
    arguments: ["/to", "/to a b", "/group", "/join a b", "/history x", "/history 0", "/nope", "/"])
  func wrong(line: String) {
    guard case .wrong(let advice) = ChatInput(line) else {
      Issue.record("\(line) was taken")
      return
    }
    #expect(!advice.isEmpty && !advice.contains("\n"))
  }

  private func message(
    _ text: String, from: String = "alice", name: String? = nil, in conversation: Conversation,
    clientTime: UInt64? = nil
  ) -> IncomingMessage {
    let event = Event(
      stream: StreamKey(checked: "user/me")!, seq: Seq(1), messageID: MessageID(1),
      recordedAt: Timestamp(milliseconds: 1_800_000_000_000),
      actor: Actor(user: UserID(checked: from)),
      body: .messageSent(Message(content: MessageContent.text(text).encoded())))
    var message = IncomingMessage(event, for: UserID(checked: "me"))!
    message.conversation = conversation
    message.senderName = name
    message.clientTimeMilliseconds = clientTime
    return message
  }

  @Test("shows who said what, where it isn't the open conversation, and what is unread there")
  func lines() {
    let alice = Conversation.user("alice")
    let team = Conversation.group("team")
    #expect(
      ChatText.message(message("hi", in: alice), open: alice, unread: 0) == "08:00 alice: hi")
    #expect(
      ChatText.message(message("hi", in: team), open: alice, unread: 2)
        == "08:00 #team alice: hi  (2 unread)")
    #expect(
      ChatText.message(message("hi", from: "me", in: alice), open: nil, unread: 0)
        == "08:00 to alice you: hi")
    #expect(
      ChatText.message(message("hi", name: "Alice", in: alice), open: alice, unread: 0)
        == "08:00 Alice: hi")
  }

  @Test("shows the sender's date where it isn't the day on which the server took the message")
  func dates() {
    let old = message("hi", in: .group("ubuntu"), clientTime: 1_103_966_040_000)
    #expect(ChatText.time(old) == "2004-12-25 09:14")
  }

  @Test("shows control characters instead of obeying them")
  func control() {
    let line = ChatText.message(
      message("a\u{1b}[2Jb\nc", in: .user("alice")), open: nil, unread: 0)
    #expect(!line.contains("\u{1b}") && !line.contains("\n"))
  }

  @Test("has a person's words for what people run into", arguments: ErrorCode.all)
  func problems(code: ErrorCode) {
    let words = ChatText.problem(ClientError(code, "the message"))
    #expect(!words.isEmpty && !words.contains(code.name))
  }
}

import DaybookModel
import Testing

@testable import Console
@testable import DaybookSDK

@Suite("What the console client shows of messages")
struct ChatTests {
  private let alice = Conversation.user("alice")
  private let team = Conversation.group("team")

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
    message.clientTime = clientTime.map { Moment(millisecondsSince1970: $0) }
    return message
  }

  private func line(
    _ message: IncomingMessage, number: Int? = 7, open: Conversation? = nil, unread: UInt64 = 0,
    answered: ShownMessages.Entry? = nil
  ) -> String {
    ChatText.message(
      message, number: number, for: ChatReader(me: "me", open: open, clock: .fixed()),
      answered: answered,
      unread: unread)
  }

  @Test(
    "who said what under which number, where it isn't the open conversation, and what is unread")
  func lines() {
    #expect(line(message("hi", in: alice), open: alice) == "[7] 08:00 alice: hi")
    #expect(
      line(message("hi", in: team), open: alice, unread: 2)
        == "#team 08:00 alice: hi  (2 unread: /group team)")
    #expect(line(message("hi", from: "me", in: alice)) == "@alice 08:00 you: hi")
    #expect(line(message("hi", name: "Alice", in: alice)) == "@alice 08:00 Alice: hi")
  }

  @Test("what a message answers, where it was said first, and whom it is for")
  func extras() {
    var reply = message("yes", in: alice)
    reply.replyTo = 3
    #expect(line(reply, open: alice) == "[7] 08:00 alice (↪ an earlier message): yes")
    let entry = ShownMessages.Entry(
      number: 2, conversation: alice, id: 3, from: "me", author: "you", isOwn: true,
      preview: "are you there?")
    #expect(
      line(reply, open: alice, answered: entry) == "[7] 08:00 alice (↪ you: are you there?): yes")
    var forwarded = message("news", in: alice)
    forwarded.forwarded = .init(
      messageID: 1, from: "eve", recordedAt: Moment(millisecondsSince1970: 1))
    #expect(line(forwarded, open: alice) == "[7] 08:00 alice (forwarded from eve): news")
    var mention = message("look", in: team)
    mention.mentionsMe = true
    mention.expiresAt = Moment(millisecondsSince1970: 1_800_086_400_000)
    #expect(
      line(mention, open: team) == "[7] 08:00 alice: look (mentions you) (until 2027-01-16 08:00)")
    var now = message("now", in: alice)
    now.isTransient = true
    #expect(line(now, number: nil, open: alice) == "08:00 alice: now (not stored)")
  }

  @Test("what became of a message")
  func amended() {
    var edited = message("new", in: alice)
    edited.edits = 2
    edited.reactions = [
      .init(reaction: "👍", count: 2, isOwn: true), .init(reaction: "🎉", count: 1, isOwn: false),
    ]
    #expect(
      line(edited, open: alice) == "[7] 08:00 alice: new (edited)  [👍 2 (yours too), 🎉 1]")
    var gone = message("", in: alice)
    gone.gone = .recalled(by: "alice", at: Moment(millisecondsSince1970: 1))
    #expect(line(gone, open: alice) == "[7] 08:00 alice: [recalled]")
    gone.gone = .recalled(by: "me", at: Moment(millisecondsSince1970: 1))
    #expect(line(gone, open: alice) == "[7] 08:00 alice: [recalled by you]")
    gone.gone = .expired(at: Moment(millisecondsSince1970: 1))
    #expect(line(gone, open: alice) == "[7] 08:00 alice: [expired]")
  }

  @Test("the sender's time where it is stated, and all times of the reader's place")
  func times() {
    let old = message("hi", in: team, clientTime: 1_103_966_040_000)
    #expect(line(old, open: team) == "[7] 09:14 alice: hi")
    let there = ChatReader(me: "me", open: team, clock: .fixed(offset: -9 * 3_600))
    #expect(ChatText.message(old, number: 7, for: there) == "[7] 00:14 alice: hi")
    #expect(
      there.clock.moment(Moment(millisecondsSince1970: 1_103_966_040_000)) == "2004-12-25 00:14")
    #expect(there.clock.day(1_103_966_040_000) == "Saturday, 25 December 2004")
    let east = ChatClock.fixed(offset: 14 * 3_600 + 2_700)
    #expect(east.moment(Moment(millisecondsSince1970: 1_103_966_040_000)) == "2004-12-25 23:59")
    #expect(
      ChatClock.fixed(offset: 15 * 3_600).day(1_103_966_040_000) == "Sunday, 26 December 2004")
  }

  @Test("of a message that is gone its own time and its sender's name, as of any other")
  func goneLongAgo() throws {
    let event = Event(
      stream: StreamKey(checked: "group/team")!, seq: Seq(1), messageID: MessageID(1),
      recordedAt: Timestamp(milliseconds: 1_800_000_000_000),
      actor: Actor(user: UserID(checked: "u01")),
      body: .messageTombstone(
        MessageTombstone(
          by: UserID(checked: "u01"), at: Timestamp(milliseconds: 1_800_000_000_000),
          clientTime: Timestamp(milliseconds: 1_103_966_040_000), senderName: "Anna")))
    let gone = try #require(IncomingMessage(event, for: UserID(checked: "me")))
    #expect(line(gone, open: team) == "[7] 09:14 Anna: [recalled]")
    #expect(ChatText.shownTime(gone) == 1_103_966_040_000)
  }

  @Test("control characters, instead of obeying them")
  func control() {
    var message = message("a\u{1b}[2Jb\nc", in: .user("alice"))
    message.reactions = [.init(reaction: "\u{1b}", count: 1, isOwn: false)]
    let line = line(message)
    // Its line ends are the screen's to show.
    #expect(!line.contains("\u{1b}") && !ScreenLine(line).flat.contains("\n"))
  }

  @Test("a person's words for what people run into", arguments: ErrorCode.all)
  func problems(code: ErrorCode) {
    let words = ChatText.problem(ClientError(DaybookError(code, "the message")))
    #expect(!words.isEmpty && !words.contains(code.name))
  }

  @Test(
    "ids as people write them, and whom an error is about",
    arguments: [
      (
        "not_permitted", "message 914547359860391940 is another's",
        "[1] is ann's, and not yours to change: /reply 1 TEXT answers it"
      ),
      (
        "not_permitted", "message 914547359860391942 is another's",
        "message that was not shown is another's"
      ),
      ("not_permitted", "message 914547359860391940 is old", "message [1] is old"),
      (
        "not_permitted", "message 914547359860391941 is another's",
        "message that was not shown is another's"
      ),
      (
        "not_permitted", "only the owner of group/fun may do this",
        "only the owner of #fun may do this"
      ),
      (
        "not_a_member", "dee is not a member of group/fun; join it first",
        "dee is no member of #fun"
      ),
      (
        "not_a_member", "me is not a member of group/fun; join it first",
        "you are no member of #fun; /join fun makes you one"
      ),
      (
        "not_a_member", "only members of group/fun may ask this; join it first",
        "that takes a member of #fun; /join fun makes you one"
      ),
    ])
  func ids(name: String, message: String, words: String) {
    let error = ClientError(
      ClientError.Code(number: 1, name: name, isTemporary: false), message)
    let ids: [UInt64: Int] = [914_547_359_860_391_940: 1, 914_547_359_860_391_942: 0]
    let told = ChatText.problem(error, me: "me") { id in
      ids[id].map { number in
        ShownMessages.Entry(
          number: number, conversation: team, id: id, from: "ann", author: "ann", isOwn: false,
          preview: "hi")
      }
    }
    #expect(told == words)
  }
}

extension ChatClock {
  /// A place so many seconds ahead of UTC, where it is the morning of 15 January 2027.
  static func fixed(offset: Int = 0) -> ChatClock {
    ChatClock(now: { 1_800_000_000_000 }, offset: { _ in offset })
  }
}

import DaybookModel
import Testing

@testable import Console
@testable import DaybookSDK

@Suite("The console client's lines beside messages")
struct ChatNewsTests {
  static let team = Conversation.group("team")

  static let ofGroups: [(ClientEvent, String?)] = [
    (.groupJoined("team"), "you are a member of #team"),
    (.groupLeft("team"), "you are no member of #team any more"),
    (.invited(group: "team", by: "bob"), "bob invited you to #team: /join team or /decline team"),
    (.refused(group: "team", by: "bob"), "bob refused you in #team"),
    (.refused(group: "team", by: "me"), "you no longer ask to be in #team, nor are invited"),
    (.groupCreated("team", title: "T", by: "me"), nil),
    (.groupCreated("team", title: "T", by: "bob"), "bob made #team"),
    (.groupDissolved("team", by: "bob"), "bob ended #team for good"),
    (.memberJoined(group: "team", user: "me"), nil),
    (.memberJoined(group: "team", user: "bob"), "bob joined #team"),
    (.memberJoined(group: "team", user: "me", by: "bob"), "bob let you into #team"),
    (.memberLeft(group: "team", user: "me"), nil),
    (.memberLeft(group: "team", user: "bob"), "bob left #team"),
    (.memberLeft(group: "team", user: "bob", by: "me"), "you removed bob from #team"),
    (.memberInvited(group: "team", user: "bob", by: "eve"), "eve invited bob to #team"),
    (
      .joinRequested(group: "team", user: "bob"),
      "bob asks to be let into #team: /admit bob or /refuse bob"
    ),
    (.joinRefused(group: "team", user: "bob", by: "me"), "you refused bob in #team"),
    (.joinRefused(group: "team", user: "bob"), "bob doesn't want to be in #team any more"),
    (
      .roleChanged(group: "team", user: "me", role: .admin, by: "bob"),
      "bob made you an admin of #team"
    ),
    (
      .roleChanged(group: "team", user: "bob", role: .member, by: "me"),
      "you made bob no more than a member of #team"
    ),
    (
      .roleChanged(group: "team", user: "bob", role: .owner, by: "me"),
      "you handed #team over to bob"
    ),
    (.roleChanged(group: "team", user: "me", role: .owner), "the owner of #team is now you"),
    (
      .memberSilenced(group: "team", user: "me", isSilenced: true, by: "bob"),
      "bob silenced you in #team"
    ),
    (
      .memberSilenced(group: "team", user: "bob", isSilenced: false, by: "me"),
      "you gave their voice back to bob in #team"
    ),
    (
      .groupChanged(
        "team",
        GroupAttributes(
          GroupSettings(
            title: "T", description: "D", joinPolicy: .approval, isHistoryShown: true,
            isSilenced: true)), by: "bob"),
      "bob changed #team: \"T\", D, admins let in who asks, new members see what was said before, "
        + "only admins may speak"
    ),
  ]

  static let ofOwn: [(ClientEvent, String?)] = [
    (
      .marked(MarkedConversation(team, ConversationMarks(isQuiet: true, isPinned: true))),
      "#team: pinned, quiet"
    ),
    (.marked(MarkedConversation(.user("bob"), .none)), "bob: not marked"),
    (.cleared(.user("bob"), upToSeq: 3), "bob: what was said is deleted, for you only"),
    (.blocked("bob"), "you blocked bob"), (.unblocked("bob"), "you no longer block bob"),
    (.deviceForgotten("tablet"), "your device tablet is logged out"),
    (
      .tokensRevoked(device: "tablet", tokenID: nil),
      "the server's operator has made the tokens of your device tablet void"
    ),
    (
      .tokensRevoked(device: nil, tokenID: nil),
      "the server's operator has made all your tokens void"
    ),
    (
      .tokensRevoked(device: nil, tokenID: "id"),
      "the server's operator has made a token of yours void"
    ),
    (
      .presence(
        UserPresence(
          user: "bob", isOnline: true, devices: ["phone", "tv"], lastSeen: nil)),
      "bob is online (phone, tv)"
    ),
    (
      .presence(
        UserPresence(
          user: "bob", isOnline: false, devices: [],
          lastSeen: Moment(millisecondsSince1970: 1_800_000_000_000))),
      "bob is offline, last seen 2027-01-15 08:00"
    ),
    (
      .presence(
        UserPresence(user: "bob", isOnline: false, devices: [], lastSeen: nil)),
      "bob is offline"
    ),
    (.typing(user: "bob", .user("bob")), "@bob bob is typing…"),
    (.typing(user: "bob", team), "#team bob is typing…"), (.read(team, upToSeq: 3), nil),
    (.caughtUp, nil),
  ]

  @Test("say in a person's words what has happened", arguments: ofGroups + ofOwn)
  func news(event: ClientEvent, line: String?) {
    let reader = ChatReader(me: "me", open: nil, clock: .fixed())
    #expect(ChatText.news(event, for: reader, shown: ShownMessages(me: "me")) == line)
  }

  private func message(_ id: UInt64, _ text: String) -> IncomingMessage {
    let event = Event(
      stream: StreamKey(checked: "group/team")!, seq: Seq(id), messageID: MessageID(id),
      recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: UserID(checked: "bob")),
      body: .messageSent(Message(content: MessageContent.text(text).encoded())))
    return IncomingMessage(event, for: UserID(checked: "me"))!
  }

  @Test("name the message that something became of, where it was shown")
  func amendments() {
    var shown = ShownMessages(me: "me")
    _ = shown.number(message(50, "hello"))
    let away = ChatReader(me: "me", open: nil, clock: .fixed())
    let there = ChatReader(me: "me", open: Self.team, clock: .fixed())
    func recalled(_ id: UInt64, by: String) -> ClientEvent {
      .recalled(MessageRecall(conversation: Self.team, messageID: id, by: by))
    }
    func reacted(_ id: UInt64, by: String, isRemoved: Bool) -> ClientEvent {
      .reaction(
        MessageReaction(
          conversation: Self.team, messageID: id, by: by, reaction: "👍", isRemoved: isRemoved))
    }
    let cases: [(ClientEvent, ChatReader, String)] = [
      (recalled(50, by: "bob"), there, "[1] bob: [recalled]"),
      (recalled(50, by: "me"), away, "#team bob: [recalled by you]"),
      (recalled(51, by: "eve"), away, "#team eve: [recalled] an earlier message"),
      (reacted(50, by: "eve", isRemoved: false), there, "eve reacted 👍 to [1] bob: hello"),
      (reacted(50, by: "me", isRemoved: true), away, "#team you took back 👍 to bob: hello"),
      (reacted(51, by: "eve", isRemoved: false), there, "eve reacted 👍 to an earlier message"),
    ]
    for (event, reader, line) in cases {
      #expect(ChatText.news(event, for: reader, shown: shown) == line)
    }
    let edit = MessageEdit(
      conversation: Self.team, messageID: 50, by: "bob", content: .text("hello all"))
    #expect(
      ChatText.edited(edit, number: 1, for: away) == "#team bob: hello all (edited)")
  }

  @Test("never obey control characters")
  func control() {
    let ill = "a\u{1b}[2J"
    let events: [ClientEvent] = [
      .groupCreated(ill, title: ill, by: ill), .memberLeft(group: ill, user: ill, by: ill),
      .joinRequested(group: ill, user: ill), .invited(group: ill, by: ill), .blocked(ill),
      .groupChanged(
        ill, GroupAttributes(GroupSettings(title: ill, description: ill)), by: ill),
      .reaction(
        MessageReaction(
          conversation: .group(ill), messageID: 1, by: ill, reaction: ill, isRemoved: false)),
      .deviceForgotten(ill), .tokensRevoked(device: ill, tokenID: nil),
      .typing(user: ill, .group(ill)),
      .presence(
        UserPresence(user: ill, isOnline: true, devices: [ill], lastSeen: nil)),
    ]
    for event in events {
      let line = ChatText.news(
        event, for: ChatReader(me: "me", open: nil, clock: .fixed()), shown: ShownMessages(me: "me")
      )
      #expect(line?.contains("\u{1b}") == false, "\(event)")
    }
  }
}

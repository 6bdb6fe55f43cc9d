import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

extension Command.Body {
  /// The message that the command is about.
  var reference: MessageReference? {
    switch self {
    case .recall(let reference), .edit(let reference, _), .react(let reference, _, _): reference
    default: nil
    }
  }
}

/// alice and bob have written to each other, and to a group.
struct Chat {
  let daybook: MemoryDaybook
  static let alice = Actor(user: UserID(checked: "alice"))
  static let bob = Actor(user: UserID(checked: "bob"))
  static let aliceBox = StreamKey(checked: "user/alice")!
  static let bobBox = StreamKey(checked: "user/bob")!
  static let group = StreamKey(checked: "group/g")!

  static func sent(_ text: String) -> Event.Body {
    .messageSent(Message(content: ContentCoding.text(text)))
  }

  /// To bob by alice, and her copy of it.
  func toBob(_ text: String, copied: Bool = true, withheld: Bool = false) -> MessageID {
    let message = Message(content: ContentCoding.text(text))
    // So that the two sides' seqs differ.
    daybook.append(
      Chat.aliceBox, Chat.bob,
      .messagesRead(by: Chat.bob.user!, upTo: .message(MessageID(1))))
    let id =
      withheld
      ? withhold(message, MessageID(77))
      : daybook.append(Chat.bobBox, Chat.alice, .messageSent(message)).1
    if copied {
      daybook.append(
        Chat.aliceBox, Chat.alice, .messageCopied(message, to: Chat.bob.user!), messageID: id)
    }
    return id
  }

  private func withhold(_ message: DaybookModel.Message, _ id: MessageID) -> MessageID {
    let event = Event(
      stream: Chat.bobBox, messageID: id, recordedAt: daybook.now(), actor: Chat.alice,
      body: .messageWithheld(message))
    let stored = StreamEvent(seq: .none, messageID: id, bytes: EventEncoding.encode(event))
    daybook.state.withLockedValue { $0.withheld[Chat.bob.user!, default: []].append(stored) }
    return id
  }

  func toAlice(_ text: String) -> MessageID {
    daybook.append(Chat.aliceBox, Chat.bob, Chat.sent(text)).1
  }

  /// bob sees the group from its third event on.
  func makeGroup() -> (before: MessageID, since: MessageID) {
    daybook.append(Chat.group, Chat.alice, .groupCreated(GroupSettings(title: "")))
    let (_, before) = daybook.append(Chat.group, Chat.alice, Chat.sent("before"))
    daybook.append(Chat.group, Chat.bob, .memberJoined(Chat.bob.user!))
    let (_, since) = daybook.append(Chat.group, Chat.alice, Chat.sent("since"))
    daybook.state.withLockedValue {
      $0.streams[Chat.group]!.stays = [
        Chat.alice.user!: [SeqInterval(first: Seq(1), last: nil)],
        Chat.bob.user!: [SeqInterval(first: Seq(3), last: nil)],
      ]
    }
    return (before, since)
  }
}

enum Amendment: CaseIterable {
  case recall, edit, react

  func ask(
    _ client: TestClient, _ id: MessageID, in conversation: String, actingFor: String = ""
  ) async throws -> Frame {
    let context = Requests.command(client.nextNumber(), actingFor: actingFor)
    switch self {
    case .recall:
      return try await client.ask(
        .recall,
        Daybook_V1_RecallRequest.with {
          ($0.context, $0.conversation, $0.messageID) = (context, conversation, id.rawValue)
        })
    case .edit:
      return try await client.ask(
        .edit,
        Daybook_V1_EditRequest.with {
          ($0.context, $0.conversation, $0.messageID) = (context, conversation, id.rawValue)
          $0.content.plain.body.append(contentsOf: "edited".utf8)
        })
    case .react:
      return try await client.ask(
        .react,
        Daybook_V1_ReactRequest.with {
          ($0.context, $0.conversation, $0.messageID) = (context, conversation, id.rawValue)
          ($0.reaction, $0.remove) = ("👍", true)
        })
    }
  }

  func isWellMade(_ body: Command.Body) -> Bool {
    switch (self, body) {
    case (.recall, .recall): true
    case (.edit, .edit(_, let content)): content == ContentCoding.text("edited")
    case (.react, .react(_, let reaction, let isRemoved)): reaction == "👍" && isRemoved
    default: false
    }
  }
}

extension TestClient {
  func nextNumber() -> UInt64 { UInt64(sequence) + 100 }

  func code(_ frame: Frame) throws -> ErrorCode {
    try #require(frame.type == .error, "\(frame.type)")
    return DaybookError(try Daybook_V1_ErrorReply(frameBody: frame.body)).code
  }
}

@Suite("finding the message that a command is about", .timeLimit(.minutes(30)))
struct ResolvingTests {
  /// How a message of a direct conversation is found, and where it was sent to.
  enum Place: CaseIterable {
    case received, sent, copyOnItsWay, toOneself, withheld, withheldCopyOnItsWay
  }

  private func make(_ place: Place, _ chat: Chat) -> (id: MessageID, stream: String, seq: UInt64) {
    switch place {
    case .received:
      _ = chat.toBob("x")
      return (chat.toAlice("y"), "user/alice", 3)
    case .sent:
      _ = chat.toBob("x")
      return (chat.toBob("y"), "user/bob", 2)
    case .copyOnItsWay: return (chat.toBob("x", copied: false), "user/bob", 1)
    case .withheld: return (chat.toBob("x", withheld: true), "user/bob", 0)
    case .withheldCopyOnItsWay:
      return (chat.toBob("x", copied: false, withheld: true), "user/bob", 0)
    case .toOneself:
      chat.daybook.append(Chat.aliceBox, Chat.bob, Chat.sent("z"))
      return (
        chat.daybook.append(Chat.aliceBox, Chat.alice, Chat.sent("me")).1, "user/alice", 2
      )
    }
  }

  @Test(
    "an amendment goes to the stream that the message was sent to, with its seq and author there",
    arguments: Place.allCases, Amendment.allCases)
  func direct(place: Place, amendment: Amendment) async throws {
    try await GatewayFixture.run { fixture in
      let made = make(place, Chat(daybook: fixture.daybook))
      let conversation = place == .toOneself ? "user/alice" : "user/bob"
      let service = try await fixture.connect("service:crm")
      let (alice, _) = try await fixture.live("alice:phone")
      for (client, actingFor) in [(alice, ""), (service, "alice")] {
        fixture.daybook.state.withLockedValue { $0.commands = [] }
        let reply = try await amendment.ask(
          client, made.id, in: conversation, actingFor: actingFor)
        #expect(reply.type != .error)
        let command = try #require(fixture.daybook.commandsNow { $0.id != nil }.first)
        #expect(command.stream.text == made.stream && amendment.isWellMade(command.body))
        #expect(
          command.body.reference
            == MessageReference(
              seq: Seq(made.seq), messageID: made.id,
              author: place == .received ? Chat.bob.user! : Chat.alice.user!,
              sentAt: fixture.daybook.now()))
      }
    }
  }

  @Test(
    "one that was recalled is still found: its owner says what became of it",
    arguments: Place.allCases.filter { $0 != .withheldCopyOnItsWay })
  func tombstone(place: Place) async throws {
    try await GatewayFixture.run { fixture in
      let made = make(place, Chat(daybook: fixture.daybook))
      fixture.daybook.state.withLockedValue {
        $0.recalls[made.id] = MessageTombstone(by: Chat.alice.user, at: .none)
        $0.refusal = DaybookError(.messageWasRecalled, "it was")
      }
      let (alice, _) = try await fixture.live("alice:phone")
      let conversation = place == .toOneself ? "user/alice" : "user/bob"
      let reply = try await Amendment.react.ask(alice, made.id, in: conversation)
      #expect(try alice.code(reply) == .messageWasRecalled)
      let command = try #require(fixture.daybook.commandsNow { $0.id != nil }.first)
      #expect(
        command.stream.text == made.stream && command.body.reference?.seq.rawValue == made.seq)
    }
  }

  @Test(
    "one that was not to be kept is gone, unless its owner knows the command from before",
    arguments: Amendment.allCases)
  func expired(_ amendment: Amendment) async throws {
    try await GatewayFixture.run { fixture in
      let made = make(.received, Chat(daybook: fixture.daybook))
      fixture.daybook.state.withLockedValue {
        $0.recalls[made.id] = MessageTombstone(by: nil, at: .none)
      }
      let (alice, _) = try await fixture.live("alice:phone")
      _ = try await amendment.ask(alice, made.id, in: "user/bob")
      let command = try #require(fixture.daybook.commandsNow { $0.id != nil }.first)
      #expect(command.stream.text == made.stream)
      if case .refused(let error) = command.body {
        #expect(amendment == .edit && error.code == .messageWasRecalled)
      } else {
        // A recall, and here a reaction that is taken back.
        #expect(amendment != .edit)
      }
    }
  }

  @Test(
    "what is not of the conversation is not found",
    arguments: Amendment.allCases)
  func notFound(_ amendment: Amendment) async throws {
    try await GatewayFixture.run { fixture in
      let chat = Chat(daybook: fixture.daybook)
      let withheld = chat.toBob("x", withheld: true)
      let (bob, _) = try await fixture.live("bob:phone")
      let carol = Actor(user: UserID(checked: "carol"))
      let (_, others) = fixture.daybook.append(Chat.bobBox, carol, Chat.sent("not alice's"))
      let mine = chat.toAlice("y")
      // The highest that an id can be.
      let last = MessageID(UInt64.max >> 1)
      let (alice, _) = try await fixture.live("alice:phone")
      for (id, conversation) in [
        (withheld, "user/carol"), (others, "user/bob"), (mine, "user/carol"), (.none, "user/bob"),
        (MessageID(4), "user/bob"), (last, "user/bob"), (last, "user/alice"),
      ] {
        let reply = try await amendment.ask(alice, id, in: conversation)
        #expect(try alice.code(reply) == .messageNotFound)
      }
      // Who was not to get it doesn't know it.
      let kept = try await amendment.ask(bob, withheld, in: "user/alice")
      #expect(try bob.code(kept) == .messageNotFound)
      #expect(fixture.daybook.commandsNow { $0.id != nil }.isEmpty)
    }
  }

  @Test(
    "in a group what the actor sees is found, and a stranger is told so",
    arguments: Amendment.allCases)
  func group(_ amendment: Amendment) async throws {
    try await GatewayFixture.run { fixture in
      let ids = Chat(daybook: fixture.daybook).makeGroup()
      let (bob, _) = try await fixture.live("bob:phone")
      let (carol, _) = try await fixture.live("carol:phone")
      #expect(try await amendment.ask(bob, ids.since, in: "group/g").type != .error)
      let command = try #require(fixture.daybook.commandsNow { $0.id != nil }.first)
      #expect(command.stream == Chat.group && amendment.isWellMade(command.body))
      #expect(command.body.reference?.seq == Seq(4))
      #expect(command.body.reference?.author == Chat.alice.user)
      let before = try await amendment.ask(bob, ids.before, in: "group/g")
      #expect(try bob.code(before) == .messageNotFound)
      let strange = try await amendment.ask(carol, ids.since, in: "group/g")
      #expect(try carol.code(strange) == .notAMember)
      let nowhere = try await amendment.ask(bob, ids.since, in: "group/none")
      #expect(try bob.code(nowhere) == .groupNotFound)
    }
  }

  @Test("while a message is looked for nothing else is taken, so that commands keep their order")
  func order() async throws {
    try await GatewayFixture.run { fixture in
      let id = Chat(daybook: fixture.daybook).toBob("x")
      let (alice, _) = try await fixture.live("alice:phone")
      fixture.daybook.state.withLockedValue { $0.holdsPages = true }
      try await alice.say(
        .recall,
        Daybook_V1_RecallRequest.with {
          ($0.context, $0.conversation) = (Requests.command(1), "user/bob")
          $0.messageID = id.rawValue
        })
      try await alice.say(.send, Requests.send("after", to: "user/bob", number: 2))
      let beat = try await alice.say(.heartbeat, Daybook_V1_HeartbeatRequest())
      while fixture.daybook.state.withLockedValue({ $0.heldPages.isEmpty }) {
        try Task.checkCancellation()
        await Task.yield()
      }
      // Another session goes on meanwhile.
      _ = try await fixture.live("carol:phone").0.fence()
      #expect(fixture.daybook.commandsNow { $0.id != nil }.isEmpty)
      fixture.daybook.releasePages()
      var answers: [FrameType] = []
      while answers.count < 3 {
        let frame = try await alice.next()
        if frame.sequence != 0 { answers.append(frame.type) }
        if frame.sequence == beat { #expect(frame.type == .heartbeat.reply) }
      }
      #expect(Set(answers) == [.recall.reply, .send.reply, .heartbeat.reply])
      #expect(fixture.daybook.commandsNow { $0.id != nil }.map { $0.id!.number } == [1, 2])
    }
  }

  @Test("where the read side fails, a command is refused with its reason, and none overtakes it")
  func overtaking() async throws {
    try await GatewayFixture.run { fixture in
      let id = Chat(daybook: fixture.daybook).toBob("x")
      let (alice, _) = try await fixture.live("alice:phone")
      let recall = Daybook_V1_RecallRequest.with {
        ($0.context, $0.conversation) = (Requests.command(1), "user/bob")
        $0.messageID = id.rawValue
      }
      let send = Requests.send("after", to: "user/bob", number: 2)
      fixture.daybook.state.withLockedValue {
        $0.answers.refusal = DaybookError(.storageFailed, "no disk")
      }
      #expect(try alice.code(try await alice.ask(.recall, recall)) == .storageFailed)
      fixture.daybook.state.withLockedValue { $0.answers.refusal = nil }
      #expect(try alice.code(try await alice.ask(.send, send)) == .overloaded)
      #expect(try await alice.ask(.recall, recall).type == .recall.reply)
      #expect(try await alice.ask(.send, send).type == .send.reply)
      #expect(fixture.daybook.commandsNow { $0.id != nil }.map { $0.id!.number } == [1, 2])
    }
  }

  @Test("a connection that ends while a message is looked for submits nothing")
  func goneMeanwhile() async throws {
    try await GatewayFixture.run { fixture in
      let id = Chat(daybook: fixture.daybook).toBob("x")
      let (alice, _) = try await fixture.live("alice:phone")
      fixture.daybook.state.withLockedValue { $0.holdsPages = true }
      try await alice.say(
        .recall,
        Daybook_V1_RecallRequest.with {
          ($0.context, $0.conversation) = (Requests.command(1), "user/bob")
          $0.messageID = id.rawValue
        })
      while fixture.daybook.state.withLockedValue({ $0.heldPages.isEmpty }) {
        try Task.checkCancellation()
        await Task.yield()
      }
      try await alice.line.close()
      _ = try await fixture.daybook.commands {
        if case .closeSession = $0.body { true } else { false }
      }
      fixture.daybook.releasePages()
      let (bob, _) = try await fixture.live("bob:phone")
      _ = try await bob.fence()
      #expect(fixture.daybook.commandsNow { $0.id != nil }.isEmpty)
    }
  }
}

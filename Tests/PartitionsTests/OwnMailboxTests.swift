import DaybookModel
import DaybookSchema
import Doubles
import Ports
import Testing

@testable import Partitions

@Suite("blocking")
struct BlockingTests {
  let mailbox = StreamKey.user(bob)

  func desk(hidden: Bool) -> (Desk, MessageReference) {
    var desk = Desk(policy: DecisionPolicy(hidesBlocks: hidden))
    let hello = desk.sent(to: mailbox, by: alice)
    desk.done(.react(hello, reaction: "!", isRemoved: false), on: mailbox, by: alice)
    desk.done(.block(alice, true), on: mailbox, by: bob)
    desk.relay()
    return (desk, hello)
  }

  @Test("who is blocked is told so, and may still take back")
  func told() {
    var (desk, hello) = desk(hidden: false)
    let said: [Command.Body] = [
      .send(message("x")), .sendTransient(message("x")),
      .edit(hello, content: ContentCoding.text("x")),
      .react(hello, reaction: "?", isRemoved: false),
    ]
    for body in said { #expect(desk.refusal(body, on: mailbox, by: alice) == .blocked) }
    #expect(
      desk.done(.react(hello, reaction: "!", isRemoved: true), on: mailbox, by: alice).changed)
    #expect(desk.done(.recall(hello), on: mailbox, by: alice).changed)
    #expect(desk.refusal(.send(message("x")), on: mailbox, by: carol) == nil)
    desk.done(.block(alice, false), on: mailbox, by: bob)
    #expect(desk.refusal(.send(message("x")), on: mailbox, by: alice) == nil)
  }

  @Test("where that is hidden, what the blocked say seems taken, and stays with them")
  func hidden() throws {
    var (desk, hello) = desk(hidden: true)
    let head = desk.state.mailbox(mailbox)?.head
    let sent = desk.decide(.send(message("x")), on: mailbox, by: alice)
    #expect(sent.event?.kind == .messageWithheld && sent.event?.seq == Seq.none)
    let outcome = try #require(sent.outcome)
    #expect(outcome.changed && outcome.seq == .none && outcome.messageID > hello.messageID)
    let copy = try #require(desk.relay().first)
    #expect(copy.stream == .user(alice) && copy.messageID == outcome.messageID)
    #expect(copy.body == .messageCopied(message("x"), to: bob))

    let pushed = try #require(
      desk.decide(.sendTransient(message("x")), on: mailbox, by: alice).outcome)
    #expect(!pushed.changed && !pushed.isStored)
    // So it is with what they make of a message, whether it came there or was withheld.
    let withheld = MessageReference(
      seq: .none, messageID: outcome.messageID, author: alice, sentAt: start)
    for message in [hello, withheld] {
      let edited = ContentCoding.text("edited")
      let said: [(Command.Body, Event.Body)] = [
        (.edit(message, content: edited), .messageEdited(there, content: edited)),
        (.react(message, reaction: "?", isRemoved: false), .reactionAdded(there, "?")),
      ]
      for (body, told) in said {
        let answer = desk.done(body, on: mailbox, by: alice)
        #expect(answer.changed && answer.messageID == message.messageID)
        let copy = try #require(desk.relay().first)
        #expect(copy.stream == .user(alice) && copy.body == told)
        #expect(copy.messageID == message.messageID)
      }
      #expect(
        !desk.done(.react(message, reaction: "?", isRemoved: false), on: mailbox, by: alice).changed
      )
      #expect(
        desk.done(.react(message, reaction: "?", isRemoved: true), on: mailbox, by: alice).changed)
      #expect(desk.relay().map(\.body) == [.reactionRemoved(there, "?")])
    }
    #expect(desk.state.mailbox(mailbox)?.head == head)
    // A recall takes away: of what came, there too.
    #expect(desk.done(.recall(withheld), on: mailbox, by: alice).changed)
    #expect(desk.relay().map(\.body) == [.messageRecalled(there)])
    #expect(!desk.done(.recall(withheld), on: mailbox, by: alice).changed)
    #expect(
      desk.refusal(.react(withheld, reaction: "!", isRemoved: false), on: mailbox, by: alice)
        == .messageWasRecalled)
    #expect(desk.state.mailbox(mailbox)?.head == head)
    #expect(desk.done(.recall(hello), on: mailbox, by: alice).changed)
    #expect(desk.state.mailbox(mailbox)?.head == head?.next)
  }

  private let there = MessageTarget(peer: bob, seq: .none)

  @Test("what was withheld stays with its author when the block is over", arguments: [true, false])
  func unblocked(isSnapshotTaken: Bool) throws {
    var (desk, hello) = desk(hidden: true)
    desk.done(.react(hello, reaction: "?", isRemoved: false), on: mailbox, by: alice)
    let sent = desk.done(.send(message("x")), on: mailbox, by: alice)
    let withheld = MessageReference(
      seq: .none, messageID: sent.messageID, author: alice, sentAt: start)
    desk.done(.block(alice, false), on: mailbox, by: bob)
    if isSnapshotTaken {
      let bytes = try SnapshotCoding.encode(desk.state, logID: "log", relayedThrough: .zero)
      let read = SnapshotCoding.decode(bytes, partition: desk.state.partition, logID: "log")
      desk.state = try #require(read).state
    }
    desk.relay()
    let head = desk.state.mailbox(mailbox)?.head
    for body: Command.Body in [
      .react(hello, reaction: "?", isRemoved: true),
      .edit(withheld, content: ContentCoding.text("edited")), .recall(withheld),
    ] {
      #expect(desk.done(body, on: mailbox, by: alice).changed)
      #expect(desk.relay().map(\.stream) == [.user(alice)])
    }
    #expect(desk.state.mailbox(mailbox)?.head == head)
    #expect(
      desk.done(.react(hello, reaction: "?", isRemoved: false), on: mailbox, by: alice).changed)
    #expect(desk.state.mailbox(mailbox)?.head == head?.next)
  }

  @Test("whom one has blocked is not told what one receives and reads", arguments: [true, false])
  func silentReads(hidden: Bool) throws {
    var (desk, hello) = desk(hidden: hidden)
    desk.done(.openCursor(), on: mailbox, by: bob, device: phone)
    let carols = desk.done(.send(message("x")), on: mailbox, by: carol)
    let head = try #require(desk.state.mailbox(mailbox)?.head)
    desk.relay()
    desk.done(.ack(upTo: head), on: mailbox, by: bob, device: phone)
    #expect(desk.relay().map(\.stream) == [.user(carol)])
    let read = desk.decide(.read(peer: alice, upTo: head), on: mailbox, by: bob)
    #expect(read.event?.body == .read(peer: alice, upTo: head, notice: .nobody))
    desk.done(.read(peer: alice, upTo: head), on: mailbox, by: bob)
    #expect(desk.relay().isEmpty)
    desk.done(.read(peer: carol, upTo: head), on: mailbox, by: bob)
    #expect(
      desk.relay().map(\.body) == [.messagesRead(by: bob, upTo: .message(carols.messageID))])
    // Once the block is over, the next ack tells what is so by then.
    desk.done(.block(alice, false), on: mailbox, by: bob)
    desk.done(.ack(upTo: head.next), on: mailbox, by: bob, device: phone)
    #expect(
      desk.relay().map(\.body)
        == [.messagesDelivered(by: bob, upTo: .message(hello.messageID))])
  }

  @Test("what comes from the blocked through the relay is taken, and not shown; recalls are")
  func relayed() throws {
    var desk = Desk()
    // Bob's message in Alice's mailbox; Bob then blocks Alice.
    let hello = desk.sent(to: .user(alice), by: bob)
    desk.relay()
    desk.done(.block(alice, true), on: mailbox, by: bob)
    let head = try #require(desk.state.mailbox(mailbox)?.head)
    desk.done(.react(hello, reaction: "!", isRemoved: false), on: .user(alice), by: alice)
    let taken = try #require(desk.relay().first)
    #expect(taken.stream == mailbox && taken.body == .noted && taken.seq == .none)
    let cause = try #require(taken.cause)
    #expect(desk.state.hasTaken(cause))
    desk.done(.react(hello, reaction: "!", isRemoved: true), on: .user(alice), by: alice)
    desk.done(.recall(hello), on: .user(alice), by: bob)
    #expect(desk.relay().map(\.kind) == [.noted, .messageRecalled])
    #expect(desk.state.mailbox(mailbox)?.head == head.next)
    desk.done(.createGroup(GroupSettings(title: "")), on: .group(ubuntu), by: alice)
    desk.done(.invite(bob), on: .group(ubuntu), by: alice)
    let invited = desk.relay()
    #expect(invited.map(\.kind) == [.groupJoined, .noted, .groupWaiting])
    // Nor is it told that it was refused what it never heard of.
    desk.done(.refuse(bob), on: .group(ubuntu), by: alice)
    #expect(desk.relay().map(\.kind) == [.noted, .groupWaiting])
  }

  @Test("is one's own, comes once, and not of oneself")
  func own() throws {
    var desk = Desk()
    #expect(desk.refusal(.block(bob, true), on: mailbox, by: bob) == .invalidRequest)
    #expect(desk.refusal(.block(carol, true), on: mailbox, by: alice) == .notPermitted)
    #expect(!desk.done(.block(carol, false), on: mailbox, by: bob).changed)
    for user in [dave, alice, carol] { desk.done(.block(user, true), on: mailbox, by: bob) }
    #expect(!desk.done(.block(alice, true), on: mailbox, by: bob).changed)
    let position = try desk.done(.openCursor(), on: mailbox, by: bob, device: phone).position()
    #expect(position.blocked == [alice, carol, dave])
    desk.done(.block(carol, false), on: mailbox, by: bob)
    #expect(
      try desk.done(.inspect(peer: alice), on: mailbox, by: bob).position().blocked == [
        alice, dave,
      ])
  }

  @Test("has a limit")
  func limit() {
    var desk = Desk()
    for index in 0..<Limits.blockedMax {
      desk.done(.block(UserID(checked: "user\(index)"), true), on: mailbox, by: bob)
      desk.logged = []
    }
    #expect(desk.refusal(.block(alice, true), on: mailbox, by: bob) == .invalidRequest)
    #expect(desk.done(.block(UserID(checked: "user5"), false), on: mailbox, by: bob).changed)
    #expect(desk.done(.block(alice, true), on: mailbox, by: bob).changed)
  }
}

@Suite("marks, clearing and devices of one's own")
struct OwnMarksTests {
  let mailbox = StreamKey.user(bob)

  @Test("a mark says all marks after; what is unchanged is nothing to do")
  func marks() {
    var desk = Desk()
    let conversation = StreamKey.user(alice)
    func mark(_ change: MarksChange) -> Event.Body? {
      desk.decide(.mark(conversation, change), on: mailbox, by: bob).event?.body
    }
    #expect(mark(MarksChange()) == .noted && mark(MarksChange(isPinned: false)) == .noted)
    #expect(
      mark(MarksChange(isQuiet: true))
        == .conversationMarked(conversation, ConversationMarks(isQuiet: true)))
    #expect(
      mark(MarksChange(isPinned: true))
        == .conversationMarked(conversation, ConversationMarks(isQuiet: true, isPinned: true)))
    #expect(mark(MarksChange(isQuiet: true, isPinned: true)) == .noted)
    _ = mark(MarksChange(isQuiet: false, isPinned: false))
    #expect(desk.state.mailbox(mailbox)?.marks == [:])
  }

  @Test("whoever reads on no longer needs the reminder that something is unread")
  func reading() {
    var desk = Desk()
    let group = StreamKey.group(ubuntu)
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    desk.done(.join, on: group, by: bob)
    for conversation in [StreamKey.user(alice), .user(carol), group] {
      desk.done(
        .mark(conversation, MarksChange(isQuiet: true, isUnread: true)), on: mailbox, by: bob)
    }
    let direct = desk.sent(to: mailbox, by: alice)
    desk.done(.read(peer: alice, upTo: direct.seq), on: mailbox, by: bob)
    let talk = desk.sent(to: group, by: alice)
    #expect(desk.readGroup(ubuntu, upTo: talk.seq, by: bob).event?.kind == .groupRead)
    desk.relay()
    let marks = desk.state.mailbox(mailbox)?.marks
    #expect(marks?[.user(alice)] == ConversationMarks(isQuiet: true))
    #expect(marks?[group] == ConversationMarks(isQuiet: true))
    #expect(marks?[.user(carol)] == ConversationMarks(isQuiet: true, isUnread: true))
  }

  @Test("clearing counts as read for oneself, and tells nobody")
  func clearing() throws {
    var desk = Desk()
    for _ in 1...4 { _ = desk.sent(to: mailbox, by: alice) }
    #expect(desk.refusal(.clear(peer: alice, upTo: Seq(9)), on: mailbox, by: bob) == .seqPastHead)
    #expect(desk.refusal(.clear(peer: nil, upTo: Seq(1)), on: mailbox, by: bob) == .invalidRequest)
    let cleared = desk.decide(.clear(peer: alice, upTo: Seq(3)), on: mailbox, by: bob)
    #expect(cleared.event?.body == .conversationCleared(peer: alice, upTo: Seq(3)))
    #expect(cleared.event?.seq == Seq(5))
    desk.logged = desk.logged.filter { $0.kind == .conversationCleared }
    #expect(desk.relay().isEmpty)
    #expect(!desk.done(.clear(peer: alice, upTo: Seq(3)), on: mailbox, by: bob).changed)
    #expect(!desk.done(.read(peer: alice, upTo: Seq(3)), on: mailbox, by: bob).changed)
    #expect(
      try desk.done(.inspect(peer: alice), on: mailbox, by: bob).position().cleared == Seq(3))
    #expect(
      try desk.done(.inspect(peer: carol), on: mailbox, by: bob).position().cleared == Seq.none)
    #expect(desk.done(.read(peer: alice, upTo: Seq(4)), on: mailbox, by: bob).changed)
    // What was read before is not unread again for being cleared.
    #expect(desk.done(.clear(peer: alice, upTo: Seq(4)), on: mailbox, by: bob).changed)
    #expect(!desk.done(.read(peer: alice, upTo: Seq(6)), on: mailbox, by: bob).changed)
  }

  @Test("clearing a group is told to one's own devices")
  func clearingGroup() throws {
    var desk = Desk()
    let group = StreamKey.group(ubuntu)
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    desk.done(.join, on: group, by: bob)
    let talk = desk.sent(to: group, by: alice)
    desk.relay()
    let cleared = desk.decide(.clear(peer: nil, upTo: talk.seq), on: group, by: bob)
    #expect(cleared.event?.body == .conversationCleared(peer: nil, upTo: talk.seq))
    #expect(cleared.event?.seq == Seq.none)
    let told = try #require(desk.relay().first)
    #expect(told.stream == mailbox && told.body == .groupCleared(ubuntu, upTo: talk.seq))
    #expect(desk.readGroup(ubuntu, upTo: talk.seq, by: bob).event?.kind == .noted)
    #expect(try desk.done(.inspect(peer: nil), on: group, by: bob).position().cleared == talk.seq)
    #expect(desk.refusal(.clear(peer: nil, upTo: Seq(99)), on: group, by: bob) == .seqPastHead)
  }

  @Test("a forgotten device is a new one when it comes again")
  func forgotten() throws {
    var desk = Desk()
    let group = StreamKey.group(ubuntu)
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: bob)
    for device in [phone, laptop] {
      let registered = try desk.done(.openCursor(), on: mailbox, by: bob, device: device).position()
      desk.done(
        .openCursor(registration: registered.registration), on: group, by: bob, device: device)
    }
    for _ in 1...5 {
      _ = desk.sent(to: mailbox, by: alice)
      _ = desk.sent(to: group, by: bob)
    }
    desk.done(.read(peer: alice, upTo: Seq(2)), on: mailbox, by: bob)
    for device in [phone, laptop] {
      desk.done(.ack(upTo: Seq(4)), on: mailbox, by: bob, device: device)
      desk.done(
        .ackGroups([GroupPosition(ubuntu, upTo: Seq(6))]), on: mailbox, by: bob, device: device)
    }
    let event = try #require(desk.decide(.forgetDevice(phone), on: mailbox, by: bob).event)
    #expect(event.body == .deviceForgotten(phone) && event.seq == Seq(7))
    #expect(!desk.done(.forgetDevice(phone), on: mailbox, by: bob).changed)
    #expect(
      desk.refusal(.ack(upTo: Seq(5)), on: mailbox, by: bob, device: phone) == .unknownDevice)
    let opened = try desk.done(.openCursor(), on: mailbox, by: bob, device: phone).position()
    #expect(!opened.resumed && opened.cursor == Seq(2) && opened.registration == Seq(8))
    let again = try desk.done(.openCursor(), on: mailbox, by: bob, device: phone).position()
    #expect(again.resumed && again.registration == Seq(8), "should the answer have been lost")
    // The ack of a session that ended with the device it was.
    #expect(
      desk.refusal(.ack(upTo: Seq(5), registration: Seq(1)), on: mailbox, by: bob, device: phone)
        == .unknownDevice)
    let inGroup = try desk.done(
      .openCursor(registration: Seq(8)), on: group, by: bob, device: phone
    ).position()
    #expect(!inGroup.resumed && inGroup.cursor == .none)
    let later = try desk.done(
      .openCursor(registration: Seq(8)), on: group, by: bob, device: phone
    ).position()
    #expect(later.resumed && later.cursor == .none)
  }

  @Test("who has written to somebody may be seen by them, until they are blocked")
  func contacts() {
    var desk = Desk()
    func sees(_ user: UserID) -> Bool {
      desk.refusal(.inspectContact, on: mailbox, by: user) == nil
    }
    #expect(sees(bob) && !sees(alice))
    _ = desk.sent(to: mailbox, by: alice)
    desk.relay()
    #expect(!sees(alice))
    _ = desk.sent(to: .user(alice), by: bob)
    desk.relay()
    #expect(sees(alice) && !sees(carol))
    desk.done(.block(alice, true), on: mailbox, by: bob)
    #expect(!sees(alice))
    let service = desk.decide(
      .inspectContact, on: mailbox, service: ServiceID(checked: "presence"))
    #expect(service.outcome != nil)
  }

  @Test("a group is dropped from the list once")
  func dropped() {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: .group(ubuntu), by: bob)
    desk.relay()
    #expect(
      desk.decide(.dropGroup(ubuntu, at: Seq(1)), on: mailbox, by: bob).event?.body
        == .groupLeft(ubuntu, at: Seq(1)))
    #expect(desk.relay().isEmpty)
    #expect(!desk.done(.dropGroup(ubuntu, at: Seq(1)), on: mailbox, by: bob).changed)
  }

  @Test("sessions leave events without a seq")
  func sessions() {
    var desk = Desk()
    let opened = desk.decide(
      .openSession(session: "s1", client: "cli 1"), on: mailbox, by: bob, device: phone)
    #expect(opened.event?.body == .sessionOpened(session: "s1", client: "cli 1"))
    let closed = desk.decide(
      .closeSession(session: "s1", reason: "slow_consumer"), on: mailbox, by: bob, device: phone)
    #expect(closed.event?.body == .sessionClosed(session: "s1", reason: "slow_consumer"))
    #expect(opened.event?.seq == Seq.none && closed.event?.seq == Seq.none)
  }
}

@Suite("numbers of commands")
struct DigestTests {
  @Test("a retry of a send is known whatever it is read as by then")
  func retries() {
    let forwarded = Forwarded(messageID: MessageID(7), user: carol, recordedAt: start)
    func sent(_ text: String, _ extras: MessageExtras) -> Command.Body {
      .send(Message(content: ContentCoding.text(text), extras: extras))
    }
    let later = Timestamp(milliseconds: start.milliseconds + 5)
    let same: [(Command.Body, Command.Body)] = [
      // The moment from which the days are counted is another.
      (sent("x", MessageExtras(expiresAt: start)), sent("x", MessageExtras(expiresAt: later))),
      // It was edited meanwhile.
      (
        sent("x", MessageExtras(forwarded: forwarded)),
        sent("y", MessageExtras(forwarded: forwarded))
      ),
    ]
    for (first, retry) in same {
      var desk = Desk()
      _ = desk.decide(first, on: .user(bob), by: alice, number: 1)
      #expect(
        desk.decide(retry, on: .user(bob), by: alice, number: 1).outcome?.repeated == true)
    }
  }

  @Test("commands that mean different things have different digests")
  func different() {
    let target = MessageReference(
      seq: Seq(1), messageID: MessageID(7), author: alice, sentAt: start)
    let other = MessageReference(
      seq: Seq(2), messageID: MessageID(8), author: alice, sentAt: start)
    let text = ContentCoding.text("x")
    func send(_ extras: MessageExtras?) -> Command.Body {
      .send(Message(content: text, extras: extras))
    }
    let forwarded = Forwarded(messageID: MessageID(7), user: carol, recordedAt: start)
    let bodies: [Command.Body] = [
      send(nil), send(MessageExtras(replyTo: MessageID(7))), send(MessageExtras(mentions: [bob])),
      send(MessageExtras(mentions: [bob, carol])), send(MessageExtras(mentionsEveryone: true)),
      send(MessageExtras(forwarded: forwarded)), send(MessageExtras(expiresAt: start)),
      .recall(target), .recall(other), .edit(target, content: text), .edit(other, content: text),
      .edit(target, content: ContentCoding.text("y")),
      .react(target, reaction: "a", isRemoved: false),
      .react(target, reaction: "a", isRemoved: true),
      .react(target, reaction: "b", isRemoved: false),
      .react(other, reaction: "a", isRemoved: false),
      .read(peer: nil, upTo: Seq(1)), .read(peer: bob, upTo: Seq(1)),
      .read(peer: nil, upTo: Seq(2)), .readGroup(ubuntu, upTo: Seq(1), GroupReading()),
      .readGroup(ubuntu, upTo: Seq(2), GroupReading()),
      .readGroup(GroupID(checked: "other"), upTo: Seq(1), GroupReading()),
      .createGroup(GroupSettings(title: "x")),
      .createGroup(GroupSettings(title: "x", description: "y")),
      .createGroup(GroupSettings(title: "x", joinPolicy: .approval)),
      .createGroup(GroupSettings(title: "x", isHistoryShown: true)),
      .createGroup(GroupSettings(title: "x", isSilenced: true)),
      .changeGroup(GroupChange()), .changeGroup(GroupChange(title: "")),
      .changeGroup(GroupChange(description: "")), .changeGroup(GroupChange(joinPolicy: .open)),
      .changeGroup(GroupChange(isHistoryShown: false)),
      .changeGroup(GroupChange(isSilenced: false)),
      .changeGroup(GroupChange(isSilenced: true)), .join, .leave, .invite(bob), .invite(carol),
      .remove(bob), .admit(bob), .refuse(bob), .changeRole(bob, .admin), .changeRole(bob, .member),
      .silence(bob, true), .silence(bob, false), .dissolve, .block(bob, true), .block(bob, false),
      .mark(.user(bob), MarksChange()), .mark(.user(bob), MarksChange(isQuiet: true)),
      .mark(.user(bob), MarksChange(isPinned: true)),
      .mark(.user(bob), MarksChange(isUnread: true)),
      .mark(.user(bob), MarksChange(isUnread: false)), .mark(.user(carol), MarksChange()),
      .clear(peer: nil, upTo: Seq(1)), .clear(peer: bob, upTo: Seq(1)),
      .clear(peer: bob, upTo: Seq(2)), .forgetDevice(phone), .forgetDevice(laptop),
      .dropGroup(ubuntu, at: Seq(1)), .dropGroup(ubuntu, at: Seq(2)),
    ]
    let digests = bodies.map {
      CommandDigest.of(
        Command(stream: .group(ubuntu), actor: Actor(user: alice), id: nil, body: $0))
    }
    #expect(Set(digests).count == bodies.count)
    let join = CommandDigest.of(
      Command(stream: .group(ubuntu), actor: Actor(user: alice), id: nil, body: .join))
    #expect(CommandDigest.ofJoin(.group(ubuntu), by: alice) == join)
  }
}

import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import Ports
import Testing

@testable import Partitions

@Suite("decide and evolve")
struct DecideTests {
  let mailbox = StreamKey.user(bob)
  let group = StreamKey.group(ubuntu)

  @Test("messages to a mailbox get gapless seqs and rising ids")
  func sends() throws {
    var desk = Desk()
    var last = MessageID.none
    for expected in 1...50 {
      let outcome = desk.done(.send(message("\(expected)")), on: mailbox, by: alice)
      #expect(outcome.seq == Seq(UInt64(expected)))
      #expect(outcome.messageID > last)
      #expect(outcome.messageID.partition == PartitionID(3))
      last = outcome.messageID
    }
  }

  @Test("an id is above every id that its sender has seen, whatever the clock says")
  func observed() throws {
    var desk = Desk()
    let seen = MessageID(
      ticks: MessageClock.ticks(at: Timestamp(milliseconds: start.milliseconds + 4_000)),
      partition: PartitionID(9))
    let decision = desk.decide(.send(message("hi")), on: mailbox, by: alice, observed: seen)
    #expect(try #require(decision.outcome).messageID > seen)
  }

  @Test("time is recorded as never going back")
  func recordedTime() {
    var desk = Desk()
    desk.done(.send(message("1")), on: mailbox, by: alice)
    desk.now = Timestamp(milliseconds: start.milliseconds - 60_000)
    #expect(desk.done(.send(message("2")), on: mailbox, by: alice).recordedAt == start)
  }

  @Test("a retry returns the original answer, and logs nothing")
  func retry() throws {
    var desk = Desk()
    let first = desk.decide(.send(message("once")), on: mailbox, by: alice, number: 7)
    let again = desk.decide(.send(message("once")), on: mailbox, by: alice, number: 7)
    var expected = try #require(first.outcome).result()
    expected.repeated = true
    #expect(again == .answer(.done(expected)))
    #expect(desk.logged.count == 1)
  }

  @Test("the same number with other content, receiver's state or kind is a conflict")
  func conflict() {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    _ = desk.decide(.send(message("this")), on: group, by: alice, number: 7)
    #expect(
      desk.decide(.send(message("that")), on: group, by: alice, number: 7).rejection
        == .numberConflict)
    #expect(desk.decide(.leave, on: group, by: alice, number: 7).rejection == .numberConflict)
    #expect(
      desk.decide(.send(message("this")), on: mailbox, by: alice, number: 7).rejection
        == .numberConflict)
  }

  @Test("a number below the window is not decided before the log was asked")
  func belowWindow() {
    var desk = Desk()
    for number in 1...1025 {
      _ = desk.decide(.send(message("x")), on: mailbox, by: alice, number: UInt64(number))
    }
    let count = desk.logged.count
    #expect(
      desk.decide(.send(message("x")), on: mailbox, by: alice, number: 1).rejection
        == .overloaded)
    #expect(
      desk.decide(.send(message("x")), on: mailbox, by: alice, number: 2).outcome?.repeated == true)
    #expect(desk.logged.count == count)
  }

  @Test("what is accepted and changes nothing leaves a note, so that its retry is known")
  func noted() throws {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    let decision = desk.decide(.join, on: group, by: alice, number: 9)
    #expect(decision.event?.kind == .noted)
    #expect(decision.outcome?.changed == false)
    desk.done(.leave, on: group, by: alice)
    let again = try #require(desk.decide(.join, on: group, by: alice, number: 9).outcome)
    #expect(again.repeated && !again.changed)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let what: String
    let body: Command.Body
    let stream: StreamKey
    let user: UserID?
    let device: DeviceID?
    let code: ErrorCode
    var testDescription: String { what }
  }

  static let refusals: [Refusal] = [
    Refusal(
      what: "a send to a group that does not exist", body: .send(message("x")),
      stream: .group(GroupID(checked: "none")), user: alice, device: nil, code: .groupNotFound),
    Refusal(
      what: "a send by a stranger", body: .send(message("x")), stream: .group(ubuntu), user: bob,
      device: nil, code: .notAMember),
    Refusal(
      what: "a group made twice", body: .createGroup(GroupSettings(title: "")),
      stream: .group(ubuntu), user: bob,
      device: nil, code: .groupExists),
    Refusal(
      what: "a cursor of a stranger", body: .openCursor(), stream: .group(ubuntu),
      user: bob,
      device: phone, code: .notAMember),
    Refusal(
      what: "an ack of another's mailbox", body: .ack(upTo: Seq(1)), stream: .user(bob),
      user: alice, device: phone, code: .notPermitted),
    Refusal(
      what: "an ack by a device that never followed", body: .ack(upTo: Seq(1)),
      stream: .user(alice), user: alice, device: laptop, code: .unknownDevice),
    Refusal(
      what: "an ack past the head", body: .ack(upTo: Seq(99)), stream: .user(alice), user: alice,
      device: phone, code: .logRolledBack),
    Refusal(
      what: "a read past the head", body: .read(peer: bob, upTo: Seq(99)), stream: .user(alice),
      user: alice, device: phone, code: .seqPastHead),
    Refusal(
      what: "a read without a conversation", body: .read(peer: nil, upTo: Seq(1)),
      stream: .user(alice), user: alice, device: phone, code: .invalidRequest),
    Refusal(
      what: "joining a mailbox", body: .join, stream: .user(alice), user: alice, device: nil,
      code: .invalidRequest),
    Refusal(
      what: "a title over its limit",
      body: .createGroup(
        GroupSettings(title: String(repeating: "t", count: Limits.titleBytesMax + 1))),
      stream: .group(GroupID(checked: "big")), user: alice, device: nil, code: .contentTooLarge),
  ]

  @Test("is refused with its own code, and changes nothing", arguments: refusals)
  func refused(_ refusal: Refusal) {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "talk")), on: group, by: alice)
    desk.done(.openCursor(), on: .user(alice), by: alice, device: phone)
    desk.done(.send(message("x")), on: .user(alice), by: bob)
    let before = desk.state
    let decision = desk.decide(
      refusal.body, on: refusal.stream, by: refusal.user, device: refusal.device)
    #expect(decision.rejection == refusal.code)
    #expect(desk.state == before)
  }

  @Test("a user's devices have a limit: those that there are go on, and one that goes makes room")
  func devices() {
    var desk = Desk()
    func refusal(_ name: String) -> ErrorCode? {
      desk.refusal(.openCursor(), on: mailbox, by: bob, device: DeviceID(checked: name))
    }
    for number in 1...Limits.devicesPerUserMax { #expect(refusal("\(number)") == nil) }
    #expect(refusal("one more") == .tooManyDevices)
    #expect(refusal("1") == nil)
    desk.done(.forgetDevice(DeviceID(checked: "7")), on: mailbox, by: bob)
    #expect(refusal("one more") == nil)
    #expect(refusal("7") == .tooManyDevices)
  }

  @Test("more devices than a user can have now, from an older log, all go on")
  func devicesOfOlderLog() {
    var desk = Desk()
    for number in 0...Limits.devicesPerUserMax + 20 {
      let device = DeviceID(checked: "\(number)")
      var event = Event(
        stream: mailbox, recordedAt: start, actor: Actor(user: bob, device: device),
        body: .cursorOpened(cursor: .none, registration: Seq(1)))
      event.seq = .none
      desk.state.evolve(event)
    }
    for number in 0...Limits.devicesPerUserMax + 20 {
      let device = DeviceID(checked: "\(number)")
      #expect(desk.refusal(.openCursor(), on: mailbox, by: bob, device: device) == nil)
    }
    #expect(
      desk.refusal(.openCursor(), on: mailbox, by: bob, device: phone) == .tooManyDevices)
  }

  @Test("an ack names the senders whose messages it is the first to cover, and the last of each")
  func senders() {
    var desk = Desk()
    desk.done(.openCursor(), on: mailbox, by: bob, device: phone)
    desk.done(.openCursor(), on: mailbox, by: bob, device: laptop)
    let ids = [alice, carol, alice].map {
      desk.done(.send(message("x")), on: mailbox, by: $0).messageID
    }
    func sender(_ user: UserID, _ index: Int) -> DeliveredSender {
      DeliveredSender(user, lastMessage: ids[index])
    }
    func ack(_ seq: UInt64, _ device: DeviceID) -> Event.Body? {
      desk.decide(.ack(upTo: Seq(seq)), on: mailbox, by: bob, device: device).event?.body
    }
    // Both devices began in front of all of them.
    #expect(ack(1, phone) == .acked(upTo: Seq(1), senders: [sender(alice, 0)]))
    #expect(ack(2, laptop) == .acked(upTo: Seq(2), senders: [sender(carol, 1)]))
    #expect(ack(2, phone) == .acked(upTo: Seq(2), senders: []))
    #expect(ack(3, phone) == .acked(upTo: Seq(3), senders: [sender(alice, 2)]))
    #expect(ack(3, laptop) == .acked(upTo: Seq(3), senders: []))
  }

  @Test("a device begins in front of what is unread, the first one too")
  func cursors() throws {
    var desk = Desk()
    for _ in 1...10 { desk.done(.send(message("x")), on: mailbox, by: alice) }
    func open(_ device: DeviceID) throws -> StreamPosition {
      try desk.done(.openCursor(), on: mailbox, by: bob, device: device).position()
    }
    #expect(try open(phone).cursor == .none)
    desk.done(.read(peer: alice, upTo: Seq(6)), on: mailbox, by: bob, device: phone)
    let further = try open(laptop)
    #expect(further.cursor == Seq(6) && !further.resumed)
    desk.done(.ack(upTo: Seq(8)), on: mailbox, by: bob, device: laptop)
    let resumed = try open(laptop)
    #expect(resumed.cursor == Seq(8) && resumed.resumed)
  }

  @Test("a device goes back no more than its limit, the first one too", arguments: [false, true])
  func backlog(isFirst: Bool) throws {
    var desk = Desk()
    if !isFirst { desk.done(.openCursor(), on: mailbox, by: bob, device: phone) }
    for _ in 1...1500 { desk.done(.send(message("x")), on: mailbox, by: alice) }
    let position = try desk.done(.openCursor(), on: mailbox, by: bob, device: laptop).position()
    #expect(position.cursor == Seq(500))
  }

  @Test("a member's stays are intervals, each from its join to its leave")
  func stays() throws {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    desk.done(.join, on: group, by: bob)
    desk.done(.leave, on: group, by: bob)
    desk.done(.send(message("unseen")), on: group, by: alice)
    desk.done(.join, on: group, by: bob)
    let position = try desk.done(.inspect(peer: nil), on: group, by: bob).position()
    #expect(
      position.visible == [
        SeqInterval(first: Seq(2), last: Seq(3)), SeqInterval(first: Seq(5), last: nil),
      ])
  }

  @Test("replaying the log gives the state that deciding gave")
  func replay() throws {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "talk")), on: group, by: alice)
    for user in [bob, carol] { desk.done(.join, on: group, by: user) }
    for user in [alice, bob, carol] {
      desk.done(.openCursor(), on: .user(user), by: user, device: phone)
      desk.done(.openCursor(), on: group, by: user, device: phone)
    }
    for round in 1...20 {
      desk.now = Timestamp(milliseconds: start.milliseconds + UInt64(round))
      desk.done(.send(message("to bob")), on: .user(bob), by: round % 2 == 0 ? alice : carol)
      desk.done(.send(message("to all")), on: group, by: bob)
      desk.done(.ack(upTo: Seq(UInt64(round))), on: .user(bob), by: bob, device: phone)
      _ = desk.readGroup(ubuntu, upTo: Seq(UInt64(round + 3)), by: carol)
      let acked = GroupPosition(ubuntu, upTo: Seq(UInt64(round + 3)))
      desk.done(.ackGroups([acked]), on: .user(carol), by: carol, device: phone)
    }
    desk.done(.leave, on: group, by: carol)
    var replayed = PartitionState(partition: PartitionID(3))
    for event in desk.logged { replayed.evolve(event) }
    #expect(replayed == desk.state)
    let snapshot = try SnapshotCoding.encode(desk.state, logID: "log", relayedThrough: Offset(42))
    let decoded = SnapshotCoding.decode(snapshot, partition: PartitionID(3), logID: "log")
    #expect(decoded?.state == desk.state)
    #expect(decoded?.relayedThrough == Offset(42))
    #expect(SnapshotCoding.decode(snapshot, partition: PartitionID(3), logID: "else") == nil)
  }

  @Test("one ack tells at most so many senders; the next tells the rest, and the event stays small")
  func manySenders() throws {
    var desk = Desk()
    let count = Limits.ackSendersMax * 2 + 7
    desk.done(.openCursor(), on: .user(alice), by: alice, device: phone)
    for index in 0..<count {
      let name = String(repeating: "x", count: 58) + String(100_000 + index)
      desk.done(.send(message("hello")), on: .user(alice), by: UserID(checked: name))
    }
    var told: [UserID] = []
    for upTo in [count - 2, count - 1, count] {
      let decision = desk.decide(
        .ack(upTo: Seq(UInt64(upTo))), on: .user(alice), by: alice, device: phone)
      let event = try #require(decision.event)
      guard case .acked(_, let senders, _) = event.body else { return }
      #expect(senders.count <= Limits.ackSendersMax)
      var bytes = ByteBuffer()
      _ = EventEncoding.append(event, to: &bytes, bodyStart: 0)
      #expect(bytes.readableBytes <= Limits.eventBytesMax)
      told += senders.map(\.user)
    }
    #expect(told.count == count && Set(told).count == count)
  }

  @Test("a read that covers no unread message logs no event but its note")
  func readOfNothing() {
    var desk = Desk()
    for _ in 0..<9 { desk.done(.send(message("hello")), on: .user(alice), by: carol) }
    desk.done(.send(message("hello")), on: .user(alice), by: bob)
    for upTo in 1...9 {
      let read = desk.decide(
        .read(peer: bob, upTo: Seq(UInt64(upTo))), on: .user(alice), by: alice, device: phone)
      #expect(read.event?.kind == .noted)
    }
    let read = desk.decide(
      .read(peer: bob, upTo: Seq(10)), on: .user(alice), by: alice, device: phone)
    #expect(read.event?.kind == .read && read.event?.seq == Seq(11))
  }

  @Test("nobody uses up the numbers of another's origin; services share theirs")
  func originsOfOthers() {
    var desk = Desk()
    let (content, other) = (message("hello"), Body.send(message("mine")))
    _ = desk.decide(.send(content), on: mailbox, by: alice, number: 1, origin: "phone")
    let stolen = desk.decide(other, on: mailbox, by: carol, number: .max, origin: "phone")
    #expect(stolen.event != nil)
    let next = desk.decide(.send(content), on: mailbox, by: alice, number: 2, origin: "phone")
    #expect(next.event?.seq == Seq(3))
    let retry = desk.decide(.send(content), on: mailbox, by: alice, number: 1, origin: "phone")
    #expect(retry.outcome?.repeated == true && retry.outcome?.seq == Seq(1))

    let (first, second) = (ServiceID(checked: "importer"), ServiceID(checked: "importer2"))
    let sent = desk.decide(
      .send(content), on: mailbox, by: alice, service: first, number: 1, origin: "file")
    #expect(sent.event != nil)
    let again = desk.decide(
      .send(content), on: mailbox, by: alice, service: second, number: 1, origin: "file")
    #expect(again.outcome?.repeated == true)
  }

  private typealias Body = Command.Body

  @Test(
    "what can't be done any more is refused, unless its number was answered",
    arguments: [StreamKey.user(bob), .group(ubuntu)])
  func refused(stream: StreamKey) throws {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: .group(ubuntu), by: alice)
    let gone = DaybookError(.messageWasRecalled, "it was recalled")
    let before = desk.decide(.refused(gone), on: stream, by: alice, number: 50)
    #expect(before.rejection == .messageWasRecalled)
    let sent = try #require(
      desk.decide(.send(message("hi")), on: stream, by: alice, number: 50).outcome)
    let after = try #require(
      desk.decide(.refused(gone), on: stream, by: alice, number: 50).outcome)
    #expect(after.repeated && after.messageID == sent.messageID && after.seq == sent.seq)
  }
}

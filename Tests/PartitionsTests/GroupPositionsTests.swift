import DaybookModel
import Doubles
import DaybookSchema
import Ports
import Testing

@testable import Partitions

@Suite("how far members have come in a group")
struct GroupPositionsTests {
  let group = StreamKey.group(ubuntu)
  let mailbox = StreamKey.user(bob)

  /// A group of alice's that bob has joined at 2, with three messages of alice's behind that.
  private func talk(_ policy: DecisionPolicy = .standard) -> Desk {
    var desk = Desk(policy: policy)
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    desk.done(.join, on: group, by: bob)
    for _ in 1...3 { desk.done(.send(message("x")), on: group, by: alice) }
    desk.relay()
    return desk
  }

  private func open(
    _ desk: inout Desk, _ device: DeviceID
  ) throws -> (mailbox: StreamPosition, group: StreamPosition) {
    let own = try desk.done(.openCursor(), on: mailbox, by: bob, device: device).position()
    let body = Command.Body.openCursor(registration: own.registration, own.reached[ubuntu])
    return (own, try desk.done(body, on: group, by: bob, device: device).position())
  }

  @Test("cursors of all groups are one event of the mailbox, without a seq")
  func cursors() throws {
    var desk = talk()
    let opened = try open(&desk, phone)
    #expect(opened.group.cursor == Seq(1) && !opened.group.resumed)
    let (talk, other) = (GroupPosition(ubuntu, upTo: Seq(4)), GroupID(checked: "other"))
    let acked = desk.decide(
      .ackGroups([talk, GroupPosition(other, upTo: Seq(9))]), on: mailbox, by: bob, device: phone)
    #expect(acked.event?.seq == Seq.none && acked.event?.stream == mailbox)
    #expect(acked.event?.body == .groupCursors([talk, GroupPosition(other, upTo: Seq(9))]))
    #expect(try open(&desk, phone).group.cursor == Seq(4))
    // What is known already is not said again.
    let more = desk.decide(
      .ackGroups([talk, GroupPosition(other, upTo: Seq(10))]), on: mailbox, by: bob, device: phone)
    #expect(more.event?.body == .groupCursors([GroupPosition(other, upTo: Seq(10))]))
    #expect(!desk.done(.ackGroups([talk]), on: mailbox, by: bob, device: phone).changed)
    #expect(desk.relay() == [])
  }

  @Test("of what a group and a mailbox state the greater counts", arguments: [3, 4, 5])
  func greater(acked: UInt64) throws {
    var desk = talk()
    _ = try open(&desk, phone)
    // As older servers logged it.
    desk.state.evolve(
      Event(
        stream: group, recordedAt: desk.now, actor: Actor(user: bob, device: phone),
        body: .acked(upTo: Seq(4))))
    desk.done(
      .ackGroups([GroupPosition(ubuntu, upTo: Seq(acked))]), on: mailbox, by: bob, device: phone)
    #expect(try open(&desk, phone).group.cursor == Seq(max(acked, 4)))
  }

  @Test("what a device that was forgotten has acked doesn't count for one of the same name")
  func forgotten() throws {
    var desk = talk()
    _ = try open(&desk, phone)
    let cursor = GroupPosition(ubuntu, upTo: Seq(5))
    let old = desk.state.mailbox(mailbox)?.devices[phone]?.registration ?? .none
    desk.done(.ackGroups([cursor]), on: mailbox, by: bob, device: phone)
    desk.done(.forgetDevice(phone), on: mailbox, by: bob)
    let late = Command.Body.ackGroups([cursor], registration: old)
    #expect(desk.refusal(late, on: mailbox, by: bob, device: phone) == .unknownDevice)
    let again = try open(&desk, phone)
    #expect(again.group.cursor == Seq(1) && !again.group.resumed)
    // Nor does what comes too late of it.
    #expect(desk.refusal(late, on: mailbox, by: bob, device: phone) == .unknownDevice)
  }

  struct Read: Sendable {
    var receipts: Bool
    var upTo: UInt64
    /// What the mailbox logs; nil for nothing new.
    var logged: Bool
    var told: Bool
  }

  @Test(
    "a read is the mailbox's, and told to the group only where something of it has receipts",
    arguments: [
      Read(receipts: true, upTo: 5, logged: true, told: true),
      Read(receipts: true, upTo: 3, logged: true, told: true),
      Read(receipts: true, upTo: 2, logged: false, told: false),
      Read(receipts: false, upTo: 5, logged: true, told: false),
      Read(receipts: false, upTo: 2, logged: false, told: false),
    ])
  func reads(_ read: Read) {
    var desk = talk(DecisionPolicy(receiptsMembersMax: read.receipts ? 2 : 1))
    let event = desk.readGroup(ubuntu, upTo: Seq(read.upTo), by: bob).event
    let body = Event.Body.groupRead(ubuntu, upTo: Seq(read.upTo), isTold: read.told)
    #expect(event?.body == (read.logged ? body : .noted))
    #expect(event?.stream == mailbox)
    let relayed = desk.relay()
    #expect(relayed.map(\.stream) == (read.told ? [group] : []))
    #expect(relayed.map(\.body) == (read.told ? [.read(peer: nil, upTo: Seq(read.upTo))] : []))
    #expect(relayed.allSatisfy { $0.seq == .none && $0.cause != nil })
    // Once more, it is nothing new to anybody.
    #expect(desk.readGroup(ubuntu, upTo: Seq(read.upTo), by: bob).event?.body == .noted)
  }

  @Test("a message states whether it has receipts by the group's size when it is sent")
  func stated() {
    var desk = talk(DecisionPolicy(receiptsMembersMax: 2))
    func stated() -> StatedReceipts? {
      let event = desk.decide(.send(message("x")), on: group, by: alice).event
      guard case .messageSent(let message)? = event?.body else { return nil }
      return message.receipts
    }
    #expect(stated() == .on)
    desk.done(.join, on: group, by: carol)
    #expect(stated() == .off)
    desk.done(.leave, on: group, by: bob)
    #expect(stated() == .on)
    let direct = desk.decide(.send(message("x")), on: mailbox, by: alice).event
    guard case .messageSent(let message)? = direct?.body else { return }
    #expect(message.receipts == .unstated)
  }

  @Test("a read that comes too late to the group is noted there")
  func late() {
    var desk = talk()
    #expect(desk.readGroup(ubuntu, upTo: Seq(5), by: bob).event?.kind == .groupRead)
    desk.done(.leave, on: group, by: bob)
    let noted = desk.relay().filter { $0.stream == group }
    #expect(noted.map(\.body) == [.noted])
    #expect(desk.state.group(group)?.member(bob)?.read == Seq(2))
  }

  @Test("what older servers logged of reads in groups is relayed as it was, and counts")
  func older() {
    var desk = talk()
    let read = Event(
      stream: group, recordedAt: desk.now, actor: Actor(user: bob, device: phone),
      body: .read(peer: nil, upTo: Seq(4)))
    desk.state.evolve(read)
    desk.logged.append(read)
    #expect(desk.relay().map(\.body) == [.groupRead(ubuntu, upTo: Seq(4))])
    #expect(desk.relay() == [])
    #expect(desk.state.mailbox(mailbox)?.groupReads[ubuntu] == Seq(4))
    #expect(desk.readGroup(ubuntu, upTo: Seq(4), by: bob).event?.kind == .noted)
  }

  @Test("a new device of a user begins in front of what the mailbox says is unread")
  func newDevice() throws {
    var desk = talk(DecisionPolicy(receiptsMembersMax: 1))
    #expect(desk.readGroup(ubuntu, upTo: Seq(4), by: bob).event?.kind == .groupRead)
    // The group doesn't know that.
    #expect(desk.state.group(group)?.member(bob)?.read == Seq(2))
    #expect(try open(&desk, laptop).group.cursor == Seq(4))
  }

  @Test("a device goes no further back in a group than its limit, the first one too")
  func back() throws {
    var desk = talk(DecisionPolicy(syncBackMax: 2))
    #expect(try open(&desk, phone).group.cursor == Seq(3))
  }
}

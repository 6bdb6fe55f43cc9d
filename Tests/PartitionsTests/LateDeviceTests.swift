import DaybookModel
import Doubles
import Ports
import Testing

@testable import Partitions

@Suite("devices that come late")
struct LateDeviceTests {
  let mailbox = StreamKey.user(bob)

  @Test(
    "what lies below where a device began is not delivered by it, and stays so until it is read")
  func lowerBound() {
    var desk = Desk(policy: DecisionPolicy(syncBackMax: 2))
    let ids = (0..<5).map { index in
      desk.done(.send(message("x")), on: mailbox, by: index == 1 ? carol : alice).messageID
    }
    // Begins behind 3: alice's 1 and 3, and carol's 2 lie below.
    desk.done(.openCursor(), on: mailbox, by: bob, device: phone)
    let acked = desk.decide(.ack(upTo: Seq(5)), on: mailbox, by: bob, device: phone)
    let alices = DeliveredSender(alice, lastMessage: ids[4], after: ids[2])
    #expect(acked.event?.body == .acked(upTo: Seq(5), senders: [alices], after: Seq(3)))
    let told = desk.relay().filter { $0.kind == .messagesDelivered }
    #expect(
      told.map(\.body) == [
        .messagesDelivered(by: bob, upTo: NoticePosition(message: ids[4], after: ids[2]))
      ])
    desk.done(.read(peer: carol, upTo: Seq(5)), on: mailbox, by: bob, device: phone)
    #expect(desk.relay().map(\.body) == [.messagesRead(by: bob, upTo: .message(ids[1]))])
  }

  @Test("a device of which nothing was heard for long is forgotten when its mailbox opens again")
  func silent() throws {
    var desk = Desk()
    func open(_ device: DeviceID) throws -> StreamPosition {
      try desk.done(.openCursor(), on: mailbox, by: bob, device: device).position()
    }
    let first = try open(phone)
    _ = try open(laptop)
    // Hours in which the partition has something to log count; a leap of the clock counts as one.
    func pass(hours: Int) {
      for _ in 0..<hours {
        desk.wait(milliseconds: 3_600_000)
        desk.done(.send(message("x")), on: .user(carol), by: alice)
      }
    }
    desk.wait(milliseconds: 200 * 86_400_000)
    desk.done(.openSession(session: "s", client: "c"), on: mailbox, by: bob, device: laptop)
    #expect(try open(phone).resumed)
    pass(hours: 90 * 24 - 1)
    let before = desk.logged.count
    #expect(try open(laptop).resumed)
    let forgotten = desk.logged[before...].filter { $0.kind == .deviceForgotten }
    #expect(forgotten.map(\.body) == [.deviceForgotten(phone)])
    #expect(forgotten.allSatisfy { $0.seq != .none && $0.actor == .none })
    pass(hours: 1)
    // Which opens it is forgotten itself, and comes again as a new one.
    let again = try open(laptop)
    #expect(!again.resumed && again.registration != first.registration)
    #expect(desk.state.mailbox(mailbox)?.devices.map(\.device) == [laptop])
  }

  @Test("what a silent device has acked of groups is forgotten with it")
  func silentGroups() throws {
    var desk = Desk(policy: DecisionPolicy(deviceSilenceMilliseconds: 3_600_000))
    desk.done(.openCursor(), on: mailbox, by: bob, device: phone)
    let acked = GroupPosition(ubuntu, upTo: Seq(7))
    desk.done(.ackGroups([acked]), on: mailbox, by: bob, device: phone)
    for _ in 0..<2 {
      desk.wait(milliseconds: 3_600_000)
      desk.done(.send(message("x")), on: .user(carol), by: alice)
    }
    let position = try desk.done(.openCursor(), on: mailbox, by: bob, device: phone).position()
    #expect(!position.resumed && position.reached[ubuntu].cursor == .none)
  }
}

import DaybookModel
import Ports
import Testing

@testable import Partitions

@Suite("what a group's events lead to in mailboxes")
struct GroupEffectsTests {
  let group = StreamKey.group(ubuntu)

  struct Expected: Equatable, Sendable {
    var stream: StreamKey
    var body: Event.Body
    init(_ user: UserID, _ body: Event.Body) { (stream, self.body) = (.user(user), body) }
  }

  @Test("those are told whom it concerns, once")
  func told() {
    var desk = Desk()
    func effects(_ body: Command.Body, _ user: UserID) -> [Expected] {
      desk.done(body, on: group, by: user)
      return desk.relay().map { event in
        var expected = Expected(alice, event.body)
        expected.stream = event.stream
        return expected
      }
    }
    #expect(
      effects(.createGroup(GroupSettings(title: "")), alice)
        == [Expected(alice, .groupJoined(ubuntu, at: Seq(1)))])
    #expect(effects(.join, bob) == [Expected(bob, .groupJoined(ubuntu, at: Seq(2)))])
    #expect(effects(.changeRole(bob, .admin), alice) == [])
    #expect(effects(.changeGroup(GroupChange(joinPolicy: .approval)), bob) == [])
    #expect(effects(.invite(carol), bob) == [Expected(carol, .groupInvited(ubuntu, at: Seq(5)))])
    #expect(effects(.refuse(carol), bob) == [Expected(carol, .groupRefused(ubuntu, at: Seq(6)))])
    #expect(effects(.join, dave) == [])
    #expect(effects(.refuse(dave), dave) == [Expected(dave, .groupRefused(ubuntu, at: Seq(8)))])
    #expect(effects(.join, dave) == [])
    #expect(effects(.admit(dave), alice) == [Expected(dave, .groupJoined(ubuntu, at: Seq(10)))])
    #expect(effects(.silence(dave, true), alice) == [])
    #expect(effects(.send(message("x")), alice) == [])
    #expect(
      effects(.read(peer: nil, upTo: Seq(12)), dave)
        == [Expected(dave, .groupRead(ubuntu, upTo: Seq(12)))])
    #expect(
      effects(.clear(peer: nil, upTo: Seq(12)), dave)
        == [Expected(dave, .groupCleared(ubuntu, upTo: Seq(12)))])
    #expect(effects(.remove(dave), bob) == [Expected(dave, .groupLeft(ubuntu, at: Seq(13)))])
    #expect(effects(.leave, alice) == [Expected(alice, .groupLeft(ubuntu, at: Seq(14)))])
    #expect(effects(.dissolve, bob) == [])
  }

  @Test("what has a cause has no effects, whatever it is")
  func noNotices() {
    let cause = Cause(partition: PartitionID(1), offset: Offset(7), index: 0)
    let bodies: [Event.Body] = [
      .messageSent(message("x")), .messageWithheld(message("x")),
      .acked(upTo: Seq(1), senders: [DeliveredSender(alice)]), .read(peer: alice, upTo: Seq(1)),
      .read(peer: alice, upTo: Seq(1), notice: .upTo(MessageID(7))),
      .amendmentWithheld(WithheldAmendment(by: alice, .recalled)),
      .messageRecalled(MessageTarget(peer: alice, seq: Seq(1))),
      .reactionAdded(MessageTarget(peer: alice, seq: Seq(1)), "!"),
    ]
    for body in bodies {
      for cause in [cause, nil] {
        var effects: [SourceEffect] = []
        Effects.append(
          of: Event(
            stream: .user(bob), recordedAt: start, actor: Actor(user: alice), cause: cause,
            body: body),
          index: 0, to: &effects)
        #expect(effects.isEmpty == (cause != nil), "\(body)")
      }
    }
  }
}

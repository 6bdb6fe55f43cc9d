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

  /// Whom it concerns, then the moderators.
  private func told(
    _ first: Event.Body?, _ user: UserID, _ waiting: Waiting, _ moderators: [UserID]
  ) -> [Expected] {
    (first.map { [Expected(user, $0)] } ?? [])
      + moderators.map { Expected($0, .groupWaiting(ubuntu, user, waiting)) }
  }

  @Test("those are told whom it concerns, once")
  func told() {
    var desk = Desk()
    func effects(_ body: Command.Body, _ user: UserID) -> [Expected] {
      desk.done(body, on: group, by: user)
      return relayed()
    }
    func relayed() -> [Expected] {
      desk.relay().map { event in
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
    #expect(
      effects(.invite(carol), bob)
        == told(.groupInvited(ubuntu, at: .none), carol, .invited, [alice, bob]))
    #expect(
      effects(.refuse(carol), bob)
        == told(.groupRefused(ubuntu, at: .none), carol, .refused, [alice, bob]))
    #expect(effects(.join, dave) == told(nil, dave, .requested, [alice, bob]))
    #expect(
      effects(.refuse(dave), dave)
        == told(.groupRefused(ubuntu, at: .none), dave, .refused, [alice, bob]))
    #expect(effects(.join, dave) == told(nil, dave, .requested, [alice, bob]))
    #expect(effects(.admit(dave), alice) == [Expected(dave, .groupJoined(ubuntu, at: Seq(5)))])
    #expect(effects(.silence(dave, true), alice) == [])
    #expect(effects(.send(message("x")), alice) == [])
    #expect(desk.readGroup(ubuntu, upTo: Seq(7), by: dave).event != nil)
    var read = Expected(dave, .read(peer: nil, upTo: Seq(7)))
    read.stream = group
    #expect(relayed() == [read])
    #expect(
      effects(.clear(peer: nil, upTo: Seq(7)), dave)
        == [Expected(dave, .groupCleared(ubuntu, upTo: Seq(7)))])
    #expect(effects(.remove(dave), bob) == [Expected(dave, .groupLeft(ubuntu, at: Seq(8)))])
    #expect(effects(.leave, alice) == [Expected(alice, .groupLeft(ubuntu, at: Seq(9)))])
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
      .groupRead(ubuntu, upTo: Seq(1), isTold: true),
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

import DaybookModel
import Doubles
import Ports
import Testing

@testable import Partitions

@Suite("who a group belongs to, and who is in it")
struct MembershipTests {
  let group = StreamKey.group(ubuntu)

  func desk(_ policy: JoinPolicy = .open, members: [UserID] = []) -> Desk {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    for user in members { desk.done(.join, on: group, by: user) }
    desk.done(.changeGroup(GroupChange(joinPolicy: policy)), on: group, by: alice)
    return desk
  }

  func role(_ user: UserID, _ desk: Desk) -> Role? {
    guard let member = desk.state.group(group)?.member(user), member.isMember else { return nil }
    return member.role
  }

  @Test("a join that has to be approved is pending, when asked again too, and so is its retry")
  func pending() throws {
    var desk = desk(.approval)
    let asked = desk.decide(.join, on: group, by: bob, number: 100, origin: "bob")
    #expect(asked.event?.body == .joinRequested(bob, telling: [alice]))
    #expect(asked.outcome?.pending == true && asked.outcome?.changed == true)
    let again = desk.decide(.join, on: group, by: bob, number: 101, origin: "bob")
    #expect(again.event?.kind == .noted)
    #expect(again.outcome?.pending == true && again.outcome?.changed == false)
    // A note on something else is not one on a join.
    let left = desk.decide(.leave, on: group, by: bob, number: 102, origin: "bob")
    #expect(left.event?.kind == .noted && left.outcome?.pending == false)
    desk.done(.admit(bob), on: group, by: alice)
    for (number, body, pending) in [
      (100, Command.Body.join, true), (101, .join, true),
      (102, .leave, false),
    ] {
      let retry = desk.decide(body, on: group, by: bob, number: UInt64(number), origin: "bob")
      #expect(retry.outcome?.repeated == true && retry.outcome?.pending == pending)
    }
    #expect(role(bob, desk) == .member)
  }

  @Test("an invitation lets in whatever the policy, once")
  func invited() {
    for policy in JoinPolicy.allCases {
      var desk = desk(policy)
      #expect(desk.done(.invite(bob), on: group, by: alice).changed)
      #expect(!desk.done(.invite(bob), on: group, by: alice).changed)
      #expect(desk.done(.join, on: group, by: bob).changed)
      #expect(desk.state.group(group)?.waiting.isEmpty == true)
      #expect(!desk.done(.invite(bob), on: group, by: alice).changed)
      desk.done(.leave, on: group, by: bob)
      let again = desk.decide(.join, on: group, by: bob)
      switch policy {
      case .open: #expect(again.event?.kind == .memberJoined)
      case .approval: #expect(again.event?.kind == .joinRequested)
      case .invitation: #expect(again.rejection == .notInvited)
      }
    }
  }

  @Test("inviting whom asked lets them in")
  func invitingWhoAsked() {
    var desk = desk(.approval)
    desk.done(.join, on: group, by: bob)
    #expect(
      desk.decide(.invite(bob), on: group, by: alice).event?.body
        == .memberJoined(bob, role: .member))
    #expect(desk.state.group(group)?.waiting.isEmpty == true)
  }

  @Test("a request or an invitation ends by its user's wish, or a moderator's")
  func refused() {
    for (byUser, policy) in [(true, JoinPolicy.approval), (false, .approval), (true, .invitation)] {
      var desk = desk(policy)
      if policy == .approval {
        desk.done(.join, on: group, by: bob)
      } else {
        desk.done(.invite(bob), on: group, by: alice)
      }
      let who = byUser ? bob : alice
      #expect(
        desk.decide(.refuse(bob), on: group, by: who).event?.body
          == .joinRefused(bob, telling: [alice]))
      #expect(!desk.done(.refuse(bob), on: group, by: who).changed)
      #expect(!desk.done(.admit(bob), on: group, by: alice).changed)
      #expect(role(bob, desk) == nil)
    }
  }

  @Test("an owner's group falls to the admin who has been here longest, else to the member")
  func succession() {
    var desk = desk(members: [bob, carol, dave])
    // Who comes back begins anew.
    desk.done(.leave, on: group, by: bob)
    desk.done(.join, on: group, by: bob)
    desk.done(.changeRole(dave, .admin), on: group, by: alice)
    desk.done(.changeRole(bob, .admin), on: group, by: alice)
    func leave(_ user: UserID) -> Event.Body? {
      desk.decide(.leave, on: group, by: user).event?.body
    }
    #expect(leave(alice) == .memberLeft(alice, successor: dave))
    #expect(role(dave, desk) == .owner)
    #expect(leave(dave) == .memberLeft(dave, successor: bob))
    #expect(leave(bob) == .memberLeft(bob, successor: carol))
    #expect(role(carol, desk) == .owner)
    #expect(leave(carol) == .memberLeft(carol, successor: nil))
    #expect(
      desk.decide(.join, on: group, by: dave).event?.body == .memberJoined(dave, role: .owner))
    #expect(desk.decide(.join, on: group, by: bob).event?.body == .memberJoined(bob, role: .member))
  }

  @Test("the leave of others leaves the owner the owner")
  func othersLeave() {
    var desk = desk(members: [bob])
    #expect(
      desk.decide(.leave, on: group, by: bob).event?.body == .memberLeft(bob, successor: nil))
    #expect(role(alice, desk) == .owner)
  }

  @Test("a group that is handed over has the old owner as an admin")
  func handedOver() {
    var desk = desk(members: [bob])
    #expect(desk.refusal(.changeRole(alice, .member), on: group, by: alice) == .invalidRequest)
    #expect(!desk.done(.changeRole(alice, .owner), on: group, by: alice).changed)
    #expect(
      desk.decide(.changeRole(bob, .owner), on: group, by: alice).event?.body
        == .roleChanged(bob, .owner))
    #expect(role(alice, desk) == .admin && role(bob, desk) == .owner)
    #expect(desk.refusal(.changeRole(alice, .owner), on: group, by: alice) == .notPermitted)
    #expect(desk.done(.changeRole(alice, .owner), on: group, by: bob).changed)
  }

  @Test("who leaves and comes back is a member like any other, and still silenced")
  func comingBack() {
    var desk = desk(members: [bob])
    desk.done(.changeRole(bob, .admin), on: group, by: alice)
    desk.done(.silence(bob, true), on: group, by: alice)
    #expect(desk.refusal(.send(message("x")), on: group, by: bob) == .silenced)
    desk.done(.leave, on: group, by: bob)
    desk.done(.join, on: group, by: bob)
    #expect(role(bob, desk) == .member)
    #expect(desk.refusal(.send(message("x")), on: group, by: bob) == .silenced)
    desk.done(.silence(bob, false), on: group, by: alice)
    #expect(desk.refusal(.send(message("x")), on: group, by: bob) == nil)
  }

  @Test("a silence can be lifted of who has left, and no owner is silenced")
  func silence() {
    var desk = desk(members: [bob])
    desk.done(.silence(bob, true), on: group, by: alice)
    desk.done(.leave, on: group, by: bob)
    #expect(desk.done(.silence(bob, false), on: group, by: alice).changed)
    desk.done(.join, on: group, by: bob)
    desk.done(.silence(bob, true), on: group, by: alice)
    desk.done(.leave, on: group, by: alice)
    #expect(role(bob, desk) == .owner)
    #expect(desk.refusal(.send(message("x")), on: group, by: bob) == nil)
  }

  @Test("nobody joins more often than is kept of what they saw")
  func manyStays() {
    var desk = desk()
    for _ in 0..<Limits.staysMax {
      #expect(desk.done(.join, on: group, by: bob).changed)
      #expect(desk.done(.leave, on: group, by: bob).changed)
    }
    #expect(desk.refusal(.join, on: group, by: bob) == .tooManyStays)
    #expect(desk.refusal(.invite(bob), on: group, by: alice) == nil)
    #expect(desk.done(.join, on: group, by: carol).changed)
  }

  @Test("logs from before there were roles give the group to who made it, then to who is left")
  func oldLogs() {
    var state = PartitionState(partition: PartitionID(3))
    func take(_ seq: UInt64, _ user: UserID, _ body: Event.Body) {
      state.evolve(
        Event(
          stream: group, seq: Seq(seq), recordedAt: start, actor: Actor(user: user), body: body))
    }
    take(1, alice, .groupCreated(GroupSettings(title: "old")))
    take(2, bob, .memberJoined(bob))
    take(3, carol, .memberJoined(carol))
    #expect(state.group(group)?.owner == alice)
    take(4, alice, .memberLeft(alice))
    #expect(state.group(group)?.owner == bob)
    take(5, bob, .memberLeft(bob))
    take(6, carol, .memberLeft(carol))
    #expect(state.group(group)?.owner == nil)
    take(7, alice, .memberJoined(alice))
    #expect(state.group(group)?.owner == alice)
  }

  @Test("a hundred thousand join at the cost of one each", .timeLimit(.minutes(30)))
  func veryMany() {
    var desk = desk()
    desk.logged = []
    var logged = 0
    for index in 0..<100_000 {
      desk.done(.join, on: group, by: UserID(checked: "user\(index)"))
      logged += desk.logged.count
      desk.logged = []
    }
    #expect(desk.state.group(group)?.memberCount == 100_001)
    // And one that says that they are too many to be listed.
    #expect(logged == 100_001)
    // One scan for the successor, and one for the end.
    #expect(
      desk.decide(.leave, on: group, by: alice).event?.body
        == .memberLeft(alice, successor: UserID(checked: "user0"), through: Seq(1_002)))
    desk.done(.dissolve, on: group, by: UserID(checked: "user0"))
    #expect(desk.state.group(group)?.memberCount == 0)
  }
}

@Suite("the settings and the end of a group")
struct GroupSettingsTests {
  let group = StreamKey.group(ubuntu)

  @Test("a change says all that holds then; what changes nothing is nothing to do")
  func changed() {
    var desk = Desk()
    let settings = GroupSettings(title: "talk", description: "of all", joinPolicy: .approval)
    desk.done(.createGroup(settings), on: group, by: alice)
    #expect(
      desk.decide(.changeGroup(GroupChange(isSilenced: true)), on: group, by: alice).event?.body
        == .groupChanged(
          GroupSettings(
            title: "talk", description: "of all", joinPolicy: .approval, isSilenced: true)))
    for change in [GroupChange(), GroupChange(title: "talk", isSilenced: true)] {
      #expect(!desk.done(.changeGroup(change), on: group, by: alice).changed)
    }
    let long = String(repeating: "d", count: Limits.descriptionBytesMax + 1)
    #expect(
      desk.refusal(.changeGroup(GroupChange(description: long)), on: group, by: alice)
        == .contentTooLarge)
    #expect(
      desk.refusal(
        .createGroup(GroupSettings(title: "", description: long)),
        on: .group(GroupID(checked: "other")), by: alice) == .contentTooLarge)
  }

  @Test("a change of a title's bytes is one, though it looks the same")
  func bytes() {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "caf\u{e9}")), on: group, by: alice)
    #expect(
      desk.done(.changeGroup(GroupChange(title: "cafe\u{301}")), on: group, by: alice).changed)
  }

  @Test("shown history opens what was before the first join, for as long as it is shown")
  func history() throws {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    _ = desk.sent(to: group, by: alice)
    desk.done(.join, on: group, by: bob)
    desk.done(.leave, on: group, by: bob)
    desk.done(.join, on: group, by: bob)
    func visible() throws -> [SeqInterval] {
      try desk.done(.inspect(peer: nil), on: group, by: bob).position().visible
    }
    let stays = [SeqInterval(first: Seq(3), last: Seq(4)), SeqInterval(first: Seq(5), last: nil)]
    #expect(try visible() == stays)
    desk.done(.changeGroup(GroupChange(isHistoryShown: true)), on: group, by: alice)
    #expect(try visible() == [SeqInterval(first: Seq(1), last: Seq(4)), stays[1]])
    desk.done(.changeGroup(GroupChange(isHistoryShown: false)), on: group, by: alice)
    #expect(try visible() == stays)
  }

  @Test("those who were there when a group was dissolved can follow it to its end, and no further")
  func dissolved() throws {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    for user in [bob, carol] { desk.done(.join, on: group, by: user) }
    desk.done(.openCursor(), on: group, by: alice, device: phone)
    desk.done(.leave, on: group, by: carol)
    desk.done(.invite(dave), on: group, by: alice)
    let end = desk.done(.dissolve, on: group, by: alice).seq
    #expect(end == Seq(5))
    for (user, first) in [(alice, 1), (bob, 2)] as [(UserID, UInt64)] {
      let position = try desk.done(.openCursor(), on: group, by: user, device: phone).position()
      #expect(position.visible == [SeqInterval(first: Seq(first), last: end)])
      #expect(position.head == end && position.role == nil)
      desk.done(.openCursor(), on: .user(user), by: user, device: phone)
      let acked = GroupPosition(ubuntu, upTo: end)
      #expect(desk.done(.ackGroups([acked]), on: .user(user), by: user, device: phone).changed)
    }
    #expect(
      desk.refusal(.openCursor(), on: group, by: carol, device: phone)
        == .groupDissolved)
    #expect(desk.refusal(.join, on: group, by: dave) == .groupDissolved)
    #expect(
      desk.refusal(.createGroup(GroupSettings(title: "")), on: group, by: alice) == .groupExists)
  }

  @Test("an answer is given again for a group that was dissolved meanwhile")
  func retry() {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    let sent = desk.decide(.send(message("x")), on: group, by: alice, number: 50)
    desk.done(.dissolve, on: group, by: alice)
    let retry = desk.decide(.send(message("x")), on: group, by: alice, number: 50)
    #expect(retry.outcome?.repeated == true && retry.outcome?.seq == sent.outcome?.seq)
  }
}

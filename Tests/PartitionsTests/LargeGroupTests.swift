import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import Ports
import Testing

@testable import Partitions

@Suite("a group too large for its joins to be told")
struct LargeGroupTests {
  let group = StreamKey.group(ubuntu)
  let tiny = DecisionPolicy(announcedMembersMax: 3, announcedAgainBelow: 3)

  private func user(_ index: Int) -> UserID { UserID(checked: "user\(index)") }

  /// alice's, with so many others.
  private func grown(by others: Int, _ policy: DecisionPolicy? = nil) -> Desk {
    var desk = Desk(policy: policy ?? tiny)
    desk.done(.createGroup(GroupSettings(title: "t")), on: group, by: alice)
    for index in 0..<others { desk.done(.join, on: group, by: user(index)) }
    return desk
  }

  private func kinds(_ desk: Desk, from count: Int) -> [String] {
    desk.logged[count...].map { "\($0.kind.name) \($0.seq)" }
  }

  @Test("it says so once it has grown past the bound, and again once it has shrunk below the other")
  func crossing() {
    var desk = grown(by: 2)
    var before = desk.logged.count
    desk.done(.join, on: group, by: user(2))
    #expect(kinds(desk, from: before) == ["member_joined 4", "group_changed 5"])
    #expect(
      desk.logged.last?.body == .groupChanged(GroupSettings(title: "t", membersListed: false)))
    #expect(desk.logged.last?.actor == Actor.none && desk.logged.last?.command == nil)
    before = desk.logged.count
    desk.done(.join, on: group, by: user(3))
    desk.done(.leave, on: group, by: user(0))
    desk.done(.leave, on: group, by: user(1))
    #expect(kinds(desk, from: before) == ["member_joined 0", "member_left 0", "member_left 0"])
    before = desk.logged.count
    desk.done(.leave, on: group, by: user(2))
    #expect(kinds(desk, from: before) == ["member_left 0", "group_changed 6"])
    #expect(
      desk.logged.last?.body == .groupChanged(GroupSettings(title: "t", membersListed: true)))
    before = desk.logged.count
    desk.done(.join, on: group, by: user(2))
    #expect(kinds(desk, from: before) == ["member_joined 7"])
  }

  @Test("what a moderator changes leaves it as it is")
  func changed() {
    var desk = grown(by: 3)
    desk.done(.changeGroup(GroupChange(title: "u")), on: group, by: alice)
    #expect(
      desk.logged.last?.body == .groupChanged(GroupSettings(title: "u", membersListed: false)))
    #expect(!desk.done(.changeGroup(GroupChange(title: "u")), on: group, by: alice).changed)
  }

  @Test("a stay begins behind the head and ends with it; one that saw nothing is kept, and empty")
  func stays() throws {
    var desk = grown(by: 3)
    let head = desk.state.group(group)?.head ?? .none
    func told() -> [Event.Body] { desk.relay().filter { $0.stream == .user(bob) }.map(\.body) }
    _ = told()
    desk.done(.join, on: group, by: bob)
    #expect(told() == [.groupJoined(ubuntu, at: head.next)])
    desk.done(.leave, on: group, by: bob)
    #expect(told() == [.groupLeft(ubuntu, at: head)])
    desk.done(.join, on: group, by: bob)
    let seen = desk.sent(to: group, by: alice)
    desk.done(.leave, on: group, by: bob)
    #expect(
      told() == [.groupJoined(ubuntu, at: head.next), .groupLeft(ubuntu, at: seen.seq)])
    let visible = try desk.done(.inspect(peer: nil), on: group, by: bob).position().visible
    #expect(
      visible == [
        SeqInterval(first: head.next, last: head), SeqInterval(first: seen.seq, last: seen.seq),
      ])
    #expect(visible.shows(seen.seq) && !visible.shows(head))
  }

  @Test("who joins at the same seq is told apart by who came first", arguments: [false, true])
  func ties(isReplayed: Bool) throws {
    var desk = grown(by: 3)
    for index in 0..<3 { desk.done(.leave, on: group, by: user(index)) }
    // Three of the same seq, in no order of their names; and then too few for it.
    desk = grown(by: 3, DecisionPolicy(announcedMembersMax: 3, announcedAgainBelow: 1))
    for index in 0..<3 { desk.done(.leave, on: group, by: user(index)) }
    for name in ["zoe", "bob", "ann"] {
      desk.done(.join, on: group, by: UserID(checked: name))
    }
    if isReplayed {
      let bytes = try SnapshotCoding.encode(desk.state, logID: "log", relayedThrough: .zero)
      desk.state = try #require(
        SnapshotCoding.decode(bytes, partition: PartitionID(3), logID: "log")
      ).state
    }
    let before = desk.logged.count
    desk.done(.leave, on: group, by: alice)
    let zoe = UserID(checked: "zoe")
    guard case .memberLeft(alice, zoe, _) = desk.logged[before].body else {
      return #expect(Bool(false), "the group went to another than who came first")
    }
    // That is told to all, for it is theirs to know.
    #expect(desk.logged[before + 1].body == .roleChanged(zoe, .owner))
    #expect(desk.logged[before + 1].seq != .none)
    #expect(desk.state.group(group)?.owner == zoe)
  }

  @Test("replaying the log gives the state that deciding gave, and so does a snapshot")
  func replay() throws {
    var desk = grown(by: 5)
    for index in 0..<4 { desk.done(.leave, on: group, by: user(index)) }
    for index in 0..<4 { desk.done(.join, on: group, by: user(index)) }
    desk.done(.changeRole(user(1), .admin), on: group, by: alice)
    desk.done(.leave, on: group, by: alice)
    desk.relay()
    var replayed = PartitionState(partition: PartitionID(3))
    for event in desk.logged { replayed.evolve(event) }
    #expect(replayed == desk.state)
    let bytes = try SnapshotCoding.encode(desk.state, logID: "log", relayedThrough: .zero)
    let decoded = SnapshotCoding.decode(bytes, partition: PartitionID(3), logID: "log")
    #expect(decoded?.state == desk.state)
  }

  @Test("invitations, requests and refusals are told to moderators and whom they concern alone")
  func waiting() {
    var desk = grown(by: 1)
    desk.done(.changeRole(user(0), .admin), on: group, by: alice)
    desk.done(.changeGroup(GroupChange(joinPolicy: .approval)), on: group, by: alice)
    let head = desk.state.group(group)?.head
    desk.relay()
    func told(_ body: Command.Body, by user: UserID) -> [String] {
      desk.done(body, on: group, by: user)
      return desk.relay().map { "\($0.stream.id) \($0.kind.name)" }
    }
    let moderators = ["alice group_waiting", "user0 group_waiting"]
    #expect(told(.join, by: bob) == moderators)
    #expect(told(.refuse(bob), by: alice) == ["bob group_refused"] + moderators)
    #expect(told(.invite(carol), by: user(0)) == ["carol group_invited"] + moderators)
    #expect(told(.refuse(carol), by: carol) == ["carol group_refused"] + moderators)
    #expect(desk.state.group(group)?.head == head)
  }

  @Test("of very many moderators the first are told, and the event stays small")
  func manyModerators() throws {
    var desk = grown(by: 0)
    for index in 0..<Limits.moderatorsToldMax + 20 {
      let admin = UserID(checked: String(repeating: "x", count: 60) + "\(1_000 + index)")
      desk.done(.join, on: group, by: admin)
      desk.done(.changeRole(admin, .admin), on: group, by: alice)
    }
    desk.done(.changeGroup(GroupChange(joinPolicy: .approval)), on: group, by: alice)
    let event = try #require(desk.decide(.join, on: group, by: bob).event)
    guard case .joinRequested(bob, let told) = event.body else { return }
    #expect(told.count == Limits.moderatorsToldMax && told.first == alice)
    #expect(EventEncoding.encode(event).readableBytes <= Limits.eventBytesMax)
  }

  /// What is pushed where everybody is online: an event of a group to each member, one of a mailbox to
  /// its owner.
  @Test(
    "5,000 joins of users who are online push no more than half the bound's square, and three each")
  func pushes() {
    var desk = grown(by: 0, .standard)
    desk.relay()
    var (pushes, members) = (0, 1)
    for index in 0..<5_000 {
      let before = desk.logged.count
      desk.done(.join, on: group, by: user(index))
      desk.relay()
      members += 1
      for event in desk.logged[before...] where event.seq != .none {
        pushes += event.stream == group ? members : 1
      }
    }
    #expect(members == 5_001)
    #expect(pushes <= 1_000 * 1_000 / 2 + 3 * 5_000)
    #expect(pushes > 1_000 * 1_000 / 2)
  }

  @Test("a million may be members, and one more is refused")
  func full() {
    #expect(Limits.groupMembersMax == 1_000_000)
  }
}

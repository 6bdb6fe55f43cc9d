import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Testing

@testable import Partitions

@Suite("any sequence of commands", .timeLimit(.minutes(30)))
struct RandomCommandsTests {
  @Test("leads to the state that its log leads to, and a snapshot keeps", arguments: 1...6)
  func replay(seed: UInt64) throws {
    var walk = Walk(seed: seed)
    for _ in 0..<4_000 { try walk.step() }
    for event in walk.desk.logged where event.kind == .messageTombstone {
      Issue.record("a tombstone was logged: \(event)")
    }
    var replayed = PartitionState(partition: PartitionID(3))
    for event in walk.desk.logged {
      // As a start reads them.
      let bytes = EventEncoding.encode(event)
      let read = try bytes.withUnsafeReadableBytes {
        try EventDecoding.decode($0, content: .skipped)
      }
      replayed.evolve(read)
    }
    let isReplayed = replayed == walk.desk.state
    #expect(isReplayed)
    let snapshot = try SnapshotCoding.encode(walk.desk.state, logID: "log", relayedThrough: .zero)
    let decoded = SnapshotCoding.decode(snapshot, partition: PartitionID(3), logID: "log")
    // Said as a bool, for a whole state is too much to read.
    let isKept = decoded?.state == walk.desk.state
    #expect(isKept)
    // What follows from what a snapshot holds is the same, too.
    walk.desk.state.groups.forEach { key, group in
      let other = decoded?.state.groups.state(of: key)
      #expect(other?.owner == group.owner && other?.memberCount == group.memberCount)
    }
  }

  @Test("makes events of every kind that a log can hold")
  func everyKind() throws {
    var kinds: Set<EventKind> = []
    for seed: UInt64 in 1...6 {
      var walk = Walk(seed: seed)
      for _ in 0..<4_000 { try walk.step() }
      kinds.formUnion(walk.desk.logged.map(\.kind))
    }
    #expect(Set(EventKind.allCases).subtracting(kinds) == [.messageTombstone])
  }

  @Test("keeps groups whole: one owner while anybody is a member, nobody invited who is one")
  func invariants() throws {
    var walk = Walk(seed: 99)
    for _ in 0..<3_000 {
      try walk.step()
      walk.desk.state.groups.forEach { _, group in
        var (members, owners): (Set<UserID>, [UserID]) = ([], [])
        group.forEachMember { user, member in
          if member.isMember { members.insert(user) }
          if member.role == .owner { owners.append(user) }
          #expect(member.isMember || member.role == .member)
        }
        #expect(group.memberCount == members.count)
        #expect(owners.count == (members.isEmpty ? 0 : 1))
        #expect(group.owner == owners.first)
        group.waiting.forEach { #expect(!members.contains($0)) }
        if group.isDissolved { #expect(members.isEmpty && group.waiting.isEmpty) }
      }
    }
  }

  @Test("gives every retry the first answer", arguments: 7...9)
  func retries(seed: UInt64) throws {
    var walk = Walk(seed: seed)
    walk.retries = true
    for _ in 0..<1_500 { try walk.step() }
  }
}

/// Random commands of a few users on a few streams, so that they often meet.
struct Walk {
  var desk = Desk()
  var retries = false
  private var random: Xorshift
  private var steps = 0
  private var sent: [StreamKey: [MessageReference]] = [:]
  private static let users = [alice, bob, carol, dave, erin]

  init(seed: UInt64) {
    random = Xorshift(seed: seed)
    desk.policy = DecisionPolicy(
      receiptsMembersMax: 2, announcedMembersMax: 2, announcedAgainBelow: 2, syncBackMax: 20)
  }

  mutating func step() throws {
    desk.wait(milliseconds: UInt64.random(in: 0...400_000, using: &random))
    desk.policy.hidesBlocks = Bool.random(using: &random)
    let stream = pickStream()
    let user = pick(Walk.users)
    let body = command(on: stream, by: user)
    // One's own mailbox is where most is done.
    let actor = stream.kind == .user && chance(2) ? stream.userID! : user
    let device: DeviceID? = chance(5) ? nil : pick([phone, laptop])
    let decision = desk.decide(body, on: stream, by: actor, device: device)
    if case .append(let event, _) = decision, event.kind == .messageSent {
      sent[stream, default: []].append(
        MessageReference(
          seq: event.seq, messageID: event.messageID, author: actor, sentAt: event.recordedAt))
    }
    if retries, body.isNumbered, case .append(_, .done(var expected)) = decision {
      expected.repeated = true
      let again = desk.decide(body, on: stream, by: actor, device: device, number: desk.number)
      #expect(again == .answer(.done(expected)))
      desk.number -= 1
    }
    if chance(8) { read(by: user) }
    if chance(3) { desk.relay() }
    steps += 1
    if steps.isMultiple(of: 80) { revoke() }
  }

  /// By a service, as nothing else is.
  private mutating func revoke() {
    let turn = steps / 80
    let body = Command.Body.revokeTokens(
      device: turn % 3 == 0 ? phone : nil, tokenID: turn % 3 == 1 ? "t\(turn % 7)" : "",
      ofService: turn.isMultiple(of: 2))
    _ = desk.decide(
      body, on: .user(Walk.users[turn % Walk.users.count]), service: ServiceID(checked: "ops"))
  }

  /// Of the latest group, where the user may.
  private mutating func read(by user: UserID) {
    let group = GroupID(checked: "group\(max(0, desk.state.groups.count - 1))")
    guard let state = desk.state.group(.group(group)), state.isMember(user) else { return }
    let seq = Seq(UInt64.random(in: 0...state.head.rawValue, using: &random))
    _ = desk.readGroup(group, upTo: seq, by: user)
    let acked = Command.Body.ackGroups([GroupPosition(group, upTo: seq)])
    _ = desk.decide(acked, on: .user(user), by: user, device: pick([phone, laptop]))
  }

  private mutating func pick<T>(_ values: [T]) -> T { values.randomElement(using: &random)! }
  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  private mutating func pickStream() -> StreamKey {
    if chance(2) { return .user(pick(Walk.users)) }
    // Now and then a new one, for they come to an end.
    let latest = desk.state.groups.count
    let index = chance(60) ? latest : max(0, latest - 1 - (chance(4) ? 1 : 0))
    return .group(GroupID(checked: "group\(index)"))
  }

  private mutating func command(on stream: StreamKey, by user: UserID) -> Command.Body {
    let target = sent[stream]?.suffix(6).randomElement(using: &random)
    if let target, chance(3) { return amendment(of: target) }
    let head =
      stream.kind == .user
      ? desk.state.mailbox(stream)?.head : desk.state.group(stream)?.head
    let seq = Seq(UInt64.random(in: 0...((head ?? .none).rawValue + 1), using: &random))
    let peer = stream.kind == .user || chance(9) ? pick(Walk.users) : nil
    if chance(3) { return reading(peer, seq) }
    if stream.kind == .group { return groupCommand() }
    return pick([
      .send(message("x")), .send(message("y")), .sendTransient(message("z")),
      .block(pick(Walk.users), chance(3)), .mark(pickConversation(), pickMarks()),
      .forgetDevice(pick([phone, laptop])), .inspectContact,
      .dropGroup(GroupID(checked: "group0"), at: Seq(1)),
      .openSession(session: "s", client: "c"), .closeSession(session: "s", reason: ""),
    ])
  }

  private mutating func amendment(of message: MessageReference) -> Command.Body {
    pick([
      .recall(message), .edit(message, content: ContentCoding.text("e")),
      .react(message, reaction: pick(["+", "-"]), isRemoved: false),
      .react(message, reaction: pick(["+", "-"]), isRemoved: true),
    ])
  }

  private mutating func reading(_ peer: UserID?, _ seq: Seq) -> Command.Body {
    pick([
      .ack(upTo: seq), .read(peer: peer, upTo: seq), .clear(peer: peer, upTo: seq),
      .openCursor(registration: Seq(chance(4) ? 2 : 1)), .inspect(peer: peer),
    ])
  }

  private mutating func groupCommand() -> Command.Body {
    if chance(80) { return .dissolve }
    let user = pick(Walk.users)
    return pick([
      .send(message("x")), .sendTransient(message("x")), .createGroup(pickSettings()),
      .changeGroup(
        GroupChange(
          title: chance(2) ? "t" : nil, joinPolicy: pick([nil] + JoinPolicy.allCases),
          isHistoryShown: pick([nil, true, false]), isSilenced: pick([nil, true, false, false]))),
      .join, .join, .join, .leave, .invite(user), .invite(user), .remove(user), .admit(user),
      .refuse(user), .changeRole(user, pick(Role.allCases)), .silence(user, chance(2)),
    ])
  }

  private mutating func pickSettings() -> GroupSettings {
    GroupSettings(
      title: "t", description: pick(["", "d"]), joinPolicy: pick(JoinPolicy.allCases),
      isHistoryShown: chance(2), isSilenced: chance(4))
  }

  private mutating func pickConversation() -> StreamKey {
    chance(2) ? .user(pick(Walk.users)) : .group(GroupID(checked: "group0"))
  }

  private mutating func pickMarks() -> MarksChange {
    MarksChange(
      isQuiet: pick([nil, true, false]), isPinned: pick([nil, true, false]),
      isUnread: pick([nil, true]))
  }
}

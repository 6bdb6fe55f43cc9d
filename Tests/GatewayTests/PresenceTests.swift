import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("presence and typing", .timeLimit(.minutes(30)))
struct PresenceTests {
  static func isContactCheck(_ command: Command) -> Bool {
    if case .inspectContact = command.body { true } else { false }
  }

  /// Each of these has written to the others.
  private func acquaint(_ daybook: MemoryDaybook, _ names: String...) {
    let users = names.map { UserID(checked: $0) }
    daybook.state.withLockedValue { state in
      for user in users { state.contacts[user] = Set(users) }
    }
  }

  private func online(
    _ client: TestClient, _ users: [String], watch: Bool = false
  ) async throws -> [Daybook_V1_Presence] {
    let request = Daybook_V1_OnlineRequest.with { ($0.users, $0.watch) = (users, watch) }
    let frame = try await client.ask(.online, request)
    try #require(frame.type == .online.reply)
    return try Daybook_V1_OnlineReply(frameBody: frame.body).users
  }

  private func presence(_ client: TestClient) async throws -> Daybook_V1_Presence {
    let frame = try await client.next()
    try #require(frame.type == .presence, "\(frame.type)")
    return try Daybook_V1_Presence(frameBody: frame.body)
  }

  private func typing(_ client: TestClient, _ conversation: String) async throws {
    try await client.say(
      .typing, Daybook_V1_TypingRequest.with { $0.conversation = conversation })
  }

  private func block(_ client: TestClient, _ user: String, _ on: Bool) async throws {
    let request = Daybook_V1_BlockRequest.with {
      ($0.context, $0.user, $0.blocked) = (Requests.command(client.nextNumber()), user, on)
    }
    #expect(try await client.ask(.block, request).type == .block.reply)
  }

  /// Presence and typing among what came before the fence.
  private func told(_ client: TestClient) async throws -> [FrameType] {
    try await client.fence().map(\.type).filter { $0 == .presence || $0 == .typingPush }
  }

  @Test("each device that comes and goes is told, and at last when the user was seen")
  func devices() async throws {
    try await GatewayFixture.run { fixture in
      acquaint(fixture.daybook, "alice", "bob")
      let (alice, _) = try await fixture.live("alice:phone")
      let first = try await online(alice, ["bob", "alice"], watch: true)
      #expect(first.map(\.user) == ["bob", "alice"] && first.map(\.online) == [false, true])
      #expect(first[1].devices == ["phone"])
      let (phone, _) = try await fixture.live("bob:phone")
      #expect(try await presence(alice).devices == ["phone"])
      let (laptop, _) = try await fixture.live("bob:laptop")
      let both = try await presence(alice)
      #expect(both.user == "bob" && both.online && both.devices == ["laptop", "phone"])
      // The same device again is nothing new.
      let (again, _) = try await fixture.live("bob:phone")
      _ = try await phone.until(.closing)
      try await again.line.close()
      let one = try await presence(alice)
      #expect(one.online && one.devices == ["laptop"] && one.lastSeenMs == 0)
      fixture.daybook.state.withLockedValue { $0.now = Timestamp(milliseconds: 1_800_000_000_777) }
      try await laptop.line.close()
      let gone = try await presence(alice)
      #expect(!gone.online && gone.devices.isEmpty && gone.lastSeenMs == 1_800_000_000_777)
    }
  }

  @Test("who is not online was last seen when its last session ended")
  func lastSeen() async throws {
    try await GatewayFixture.run { fixture in
      acquaint(fixture.daybook, "alice", "bob", "carol")
      fixture.daybook.state.withLockedValue {
        $0.answers.lastSeen = [
          UserID(checked: "bob"): Timestamp(milliseconds: 5),
          UserID(checked: "dora"): Timestamp(milliseconds: 6),
        ]
      }
      let (alice, _) = try await fixture.live("alice:phone")
      _ = try await fixture.live("carol:phone")
      let found = try await online(alice, ["bob", "carol", "dora", "bob"])
      #expect(found.map(\.user) == ["bob", "carol", "dora", "bob"])
      #expect(found.map(\.lastSeenMs) == [5, 0, 0, 5])
      #expect(found.map(\.online) == [false, true, false, false])
    }
  }

  @Test("of those who have not written to the asker nothing is told, now or later")
  func strangers() async throws {
    try await GatewayFixture.run { fixture in
      fixture.daybook.state.withLockedValue {
        $0.answers.lastSeen[UserID(checked: "eve")] = Timestamp(milliseconds: 5)
        $0.contacts[UserID(checked: "alice")] = [UserID(checked: "bob"), UserID(checked: "eve")]
      }
      let (alice, _) = try await fixture.live("alice:phone")
      let (bob, _) = try await fixture.live("bob:phone")
      let found = try await online(alice, ["bob", "eve"], watch: true)
      #expect(found == [.with { $0.user = "bob" }, .with { $0.user = "eve" }])
      try await bob.line.close()
      _ = try await fixture.live("eve:phone")
      #expect(try await told(alice).isEmpty)
      // A service is nobody to be hidden from.
      let service = try await fixture.connect("service:crm")
      fixture.daybook.state.withLockedValue { $0.commands = [] }
      let seen = try await online(service, ["eve", "alice"], watch: true)
      #expect(seen.map(\.online) == [true, true] && seen.map(\.devices) == [["phone"], ["phone"]])
      #expect(fixture.daybook.commandsNow(where: PresenceTests.isContactCheck).isEmpty)
      _ = try await fixture.live("eve:laptop")
      #expect(try await presence(service).devices == ["laptop", "phone"])
    }
  }

  @Test("each user asked about is asked once, and all before the one answer")
  func gathers() async throws {
    try await GatewayFixture.run { fixture in
      acquaint(fixture.daybook, "alice", "bob", "carol")
      let (alice, _) = try await fixture.live("alice:phone")
      fixture.daybook.state.withLockedValue { $0.holdsContacts = true }
      let request = Daybook_V1_OnlineRequest.with { $0.users = ["bob", "carol", "bob", "alice"] }
      let sequence = try await alice.say(.online, request)
      let asked = try await fixture.daybook.commands(
        atLeast: 2, where: PresenceTests.isContactCheck)
      #expect(Set(asked.map(\.stream.text)) == ["user/bob", "user/carol"])
      #expect(asked.allSatisfy { $0.actor.user?.text == "alice" && $0.id == nil })
      #expect(try await alice.fence().isEmpty)
      fixture.daybook.release()
      let frame = try await alice.next()
      #expect(frame.sequence == sequence)
      #expect(fixture.daybook.commandsNow(where: PresenceTests.isContactCheck).count == 2)
    }
  }

  @Test("only so many users are asked about at a time, however few the queries")
  func usersInFlight() async throws {
    var options = GatewayOptions.patient
    options.onlineUsersInFlightMax = 3
    try await GatewayFixture.run(options) { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      fixture.daybook.state.withLockedValue { $0.holdsContacts = true }
      let two = Daybook_V1_OnlineRequest.with { $0.users = ["bob", "carol"] }
      let sequence = try await alice.say(.online, two)
      #expect(try await alice.error(.online, two) == .tooManyInFlight)
      _ = try await fixture.daybook.commands(atLeast: 2, where: PresenceTests.isContactCheck)
      fixture.daybook.release()
      #expect(try await alice.next().sequence == sequence)
      #expect(try await online(alice, ["bob", "carol"]).count == 2)
    }
  }

  @Test("an answer that the read side can't give is an error, and queries go on")
  func fails() async throws {
    var options = GatewayOptions.patient
    options.queriesInFlightMax = 1
    try await GatewayFixture.run(options) { fixture in
      acquaint(fixture.daybook, "alice", "bob")
      let (alice, _) = try await fixture.live("alice:phone")
      let request = Daybook_V1_OnlineRequest.with { $0.users = ["bob"] }
      for _ in 1...3 {
        fixture.daybook.state.withLockedValue {
          $0.answers.refusal = DaybookError(.projectionBehind, "wait")
        }
        #expect(try await alice.error(.online, request) == .projectionBehind)
        fixture.daybook.state.withLockedValue { $0.answers.refusal = nil }
        #expect(try await online(alice, ["bob"]).map(\.online) == [false])
      }
    }
  }

  @Test("watching users again counts them once, and those refused not at all")
  func watchedAgain() async throws {
    var options = GatewayOptions.patient
    options.watchedUsersMax = 2
    try await GatewayFixture.run(options) { fixture in
      acquaint(fixture.daybook, "alice", "bob", "carol")
      let (alice, _) = try await fixture.live("alice:phone")
      for users in [["eve"], ["bob"], ["bob", "carol", "bob"], ["carol", "bob"]] {
        _ = try await online(alice, users, watch: true)
      }
      let tooMany = Daybook_V1_OnlineRequest.with {
        ($0.users, $0.watch) = (["bob", "dora"], true)
      }
      #expect(try await alice.error(.online, tooMany) == .invalidRequest)
      _ = try await fixture.live("dora:phone")
      _ = try await fixture.live("bob:phone")
      // Told once, and of nobody whose watching was refused.
      #expect(try await presence(alice).user == "bob")
      #expect(try await told(alice).isEmpty)
    }
  }

  @Test("a block ends the watch, though none of the blocker's devices is there to see it")
  func blockEndsWatch() async throws {
    try await GatewayFixture.run { fixture in
      acquaint(fixture.daybook, "alice", "bob", "carol")
      let (alice, _) = try await fixture.live("alice:phone")
      let (carol, _) = try await fixture.live("carol:phone")
      let (bob, _) = try await fixture.live("bob:phone")
      for client in [alice, carol] { _ = try await online(client, ["bob"], watch: true) }
      try await bob.line.close()
      for client in [alice, carol] { #expect(try await presence(client).online == false) }
      let service = try await fixture.connect("service:crm")
      let request = Daybook_V1_BlockRequest.with {
        ($0.context, $0.user) = (Requests.command(1, actingFor: "bob"), "alice")
        $0.blocked = true
      }
      #expect(try await service.ask(.block, request).type == .block.reply)
      let last = try await presence(alice)
      #expect(last == .with { $0.user = "bob" })
      _ = try await fixture.live("bob:phone")
      #expect(try await presence(carol).online)
      #expect(try await told(alice).isEmpty)
      #expect(try await online(alice, ["bob"], watch: true) == [.with { $0.user = "bob" }])
    }
  }

  @Test("a block between the owner's consent and the watch's beginning counts")
  func blockMeanwhile() async throws {
    try await GatewayFixture.run { fixture in
      acquaint(fixture.daybook, "alice", "bob", "carol")
      let (alice, _) = try await fixture.live("alice:phone")
      let (bob, _) = try await fixture.live("bob:phone")
      fixture.daybook.state.withLockedValue { $0.holdsContacts = true }
      let request = Daybook_V1_OnlineRequest.with {
        ($0.users, $0.watch) = (["bob"], true)
      }
      try await alice.say(.online, request)
      _ = try await fixture.daybook.commands(where: PresenceTests.isContactCheck)
      fixture.daybook.append(Chat.bobBox, Chat.bob, .userBlocked(Chat.alice.user!))
      // Answered as of before the block.
      fixture.daybook.release()
      let frame = try await alice.until(.online.reply).last!
      let reply = try Daybook_V1_OnlineReply(frameBody: frame.body)
      #expect(reply.users == [.with { $0.user = "bob" }])
      try await bob.line.close()
      _ = try await fixture.live("bob:laptop")
      #expect(try await told(alice).isEmpty)
    }
  }

  /// When alice's session learns whom she has blocked.
  enum Learnt: CaseIterable { case before, whileOpening, whileSyncing, live }

  @Test("of whom one has blocked one sees neither typing nor presence", arguments: Learnt.allCases)
  func blockedByOneself(_ learnt: Learnt) async throws {
    try await GatewayFixture.run { fixture in
      let daybook = fixture.daybook
      acquaint(daybook, "alice", "bob", "carol")
      let isBlocked = { @Sendable in
        daybook.append(Chat.aliceBox, Chat.alice, .userBlocked(Chat.bob.user!))
      }
      if learnt == .before {
        daybook.state.withLockedValue { $0.blocked[Chat.alice.user!] = [Chat.bob.user!] }
      }
      if learnt == .whileOpening {
        // Pages too: until the block is back in its place there is none to read.
        daybook.state.withLockedValue { ($0.holdsOpenings, $0.holdsPages) = (true, true) }
      }
      if learnt == .whileSyncing { daybook.state.withLockedValue { $0.holdsPages = true } }
      daybook.append(Chat.aliceBox, Chat.bob, Chat.sent("x"))
      // Long ago, and taken back since.
      daybook.append(Chat.aliceBox, Chat.alice, .userBlocked(UserID(checked: "carol")))

      let alice = try await fixture.open()
      if learnt == .whileOpening {
        try await alice.say(.connect, Daybook_V1_ConnectRequest.with { $0.token = "alice:phone" })
        _ = try await daybook.commands { if case .openCursor = $0.body { true } else { false } }
        _ = isBlocked()
        // The owner had answered before.
        let block = daybook.state.withLockedValue {
          $0.streams[Chat.aliceBox]!.events.removeLast()
        }
        daybook.release()
        daybook.state.withLockedValue { $0.streams[Chat.aliceBox]!.events.append(block) }
        daybook.releasePages()
      } else {
        _ = try await alice.connect("alice:phone")
      }
      if learnt == .whileSyncing {
        _ = try await alice.until(.following)
        _ = isBlocked()
        daybook.releasePages()
        try await alice.say(.ack, Requests.ack("user/alice", 2))
      }
      if learnt != .whileOpening { _ = try await alice.until(.caughtUp) }
      if learnt == .live { _ = isBlocked() }
      let watch = Daybook_V1_OnlineRequest.with {
        ($0.users, $0.watch) = (["bob", "carol"], true)
      }
      try await alice.say(.online, watch)
      _ = try await alice.until(.online.reply)
      for name in ["bob", "carol"] {
        let (client, _) = try await fixture.live("\(name):phone")
        try await typing(client, "user/alice")
        _ = try await client.fence()
      }
      // What the mailbox has may still be coming.
      let presence = try await alice.until(.presence).last!
      #expect(try Daybook_V1_Presence(frameBody: presence.body).user == "carol")
      let seen = try await alice.until(.typingPush)
      #expect(try Daybook_V1_Typing(frameBody: seen.last!.body).user == "carol")
      #expect(!seen.contains { $0.type == .presence })
      #expect(try await told(alice).isEmpty)
    }
  }

  @Test("typing is seen by contacts and by members, and again by who takes the block back")
  func typing() async throws {
    try await GatewayFixture.run { fixture in
      acquaint(fixture.daybook, "alice", "bob")
      let (alice, _) = try await fixture.live("alice:phone")
      let (bob, _) = try await fixture.live("bob:phone")
      func seen() async throws -> Daybook_V1_Typing {
        let frame = try await alice.until(.typingPush).last!
        return try Daybook_V1_Typing(frameBody: frame.body)
      }
      try await typing(bob, "user/alice")
      #expect(try await seen() == .with { ($0.user, $0.conversation) = ("bob", "user/bob") })
      // A stranger reaches nobody; nor does who has written and was never answered.
      let (carol, _) = try await fixture.live("carol:phone")
      try await typing(carol, "user/alice")
      _ = try await carol.send("hello?", to: "user/alice", number: 1)
      try await typing(carol, "user/alice")
      _ = try await carol.fence()
      try await block(alice, "bob", true)
      try await typing(bob, "user/alice")
      _ = try await bob.fence()
      #expect(try await told(alice).isEmpty)
      try await block(alice, "bob", false)
      _ = try await alice.fence()
      try await bob.makeGroup("g", number: 1)
      try await alice.say(.join, Requests.join("g", number: 1))
      _ = try await alice.seqs(of: "group/g", through: 2)
      _ = try await bob.seqs(of: "group/g", through: 2)
      try await typing(bob, "group/g")
      #expect(try await seen() == .with { ($0.user, $0.conversation) = ("bob", "group/g") })
    }
  }
}

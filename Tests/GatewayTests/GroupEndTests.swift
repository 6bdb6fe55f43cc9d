import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("groups that end, and devices that are new", .timeLimit(.minutes(30)))
struct GroupEndTests {
  private static func isDrop(_ command: Command) -> Bool {
    if case .dropGroup(GroupID(checked: "g"), at: Seq(4)) = command.body {
      command.id == nil
    } else {
      false
    }
  }

  private func dissolve(_ client: TestClient, _ number: UInt64) async throws {
    let request = Daybook_V1_DissolveRequest.with {
      ($0.context, $0.group) = (Requests.command(number), "g")
    }
    try await client.say(.dissolve, request)
  }

  /// alice has made the group and said something; bob is in it: three events.
  private func start(_ fixture: GatewayFixture) async throws -> (TestClient, TestClient) {
    let (alice, _) = try await fixture.live("alice:phone")
    try await alice.makeGroup("g", number: 1)
    _ = try await alice.send("x", to: "group/g", number: 2)
    let (bob, _) = try await fixture.live("bob:phone")
    try await bob.say(.join, Requests.join("g", number: 1))
    #expect(try await bob.seqs(of: "group/g", through: 3) == [3])
    _ = try await alice.seqs(of: "group/g", through: 3)
    return (alice, bob)
  }

  @Test("a group's end is pushed, ends the following, and is noted in each follower's mailbox")
  func live() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, bob) = try await start(fixture)
      try await dissolve(alice, 3)
      for client in [alice, bob] {
        let frames = try await client.until(.unfollowed)
        let last = try frames.filter { $0.type == .event }.map { try $0.event() }.last
        #expect(last?.kind == .groupDissolved && last?.seq == Seq(4))
        #expect(try Daybook_V1_Unfollowed(frameBody: frames.last!.body).stream == "group/g")
      }
      let drops = try await fixture.daybook.commands(atLeast: 2, where: GroupEndTests.isDrop)
      #expect(Set(drops.map(\.stream.text)) == ["user/alice", "user/bob"])
      #expect(drops.allSatisfy { $0.actor.device?.text == "phone" })
      // Its last event is still acked, and typing there is over.
      try await bob.say(.ack, Requests.ack("group/g", 4))
      let typing = Daybook_V1_TypingRequest.with { $0.conversation = "group/g" }
      #expect(try await bob.error(.typing, typing) == .notAMember)
    }
  }

  @Test("a device that was away gets the group up to its end, then hears that it is over")
  func away() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, bob) = try await start(fixture)
      _ = try await bob.ask(.disconnect, Daybook_V1_DisconnectRequest())
      try await dissolve(alice, 3)
      _ = try await alice.until(.unfollowed)
      // Which may be said before it is done.
      _ = try await fixture.daybook.commands(where: GroupEndTests.isDrop)
      fixture.daybook.state.withLockedValue { $0.commands = [] }
      let (again, frames) = try await fixture.live("bob:phone")
      #expect(try frames.seqs(of: "group/g") == [3, 4])
      #expect(frames.suffix(2).map(\.type) == [.unfollowed, .caughtUp])
      let drops = try await fixture.daybook.commands(where: GroupEndTests.isDrop)
      #expect(drops.map(\.stream.text) == ["user/bob"])
      #expect(try await again.fence().isEmpty)
    }
  }

  @Test("a leave, or being removed, ends the following and drops nothing")
  func removed() async throws {
    try await GatewayFixture.run { fixture in
      let (_, bob) = try await start(fixture)
      fixture.daybook.append(
        Chat.group, Chat.alice, .memberLeft(Chat.bob.user!, successor: nil))
      #expect(try await bob.until(.unfollowed).seqs(of: "group/g") == [4])
      _ = try await bob.fence()
      let drops = fixture.daybook.commandsNow {
        if case .dropGroup = $0.body { true } else { false }
      }
      #expect(drops.isEmpty)
    }
  }

  @Test(
    "a group that can't be followed is passed over: the mailbox lags, or its partition is damaged",
    arguments: [
      ErrorCode.notAMember, .groupNotFound, .groupDissolved, .partitionReadOnly, .logCorrupt,
      .storageFailed,
    ])
  func laggingMailbox(code: ErrorCode) async throws {
    try await GatewayFixture.run { fixture in
      _ = try await start(fixture)
      fixture.daybook.state.withLockedValue { $0.openingRefusal = DaybookError(code, "no") }
      let tablet = try await fixture.connect("bob:tablet")
      guard code == .storageFailed else {
        let frames = try await tablet.until(.caughtUp)
        return #expect(frames.filter { $0.type == .following }.count == 1)
      }
      _ = try await tablet.until(.closing)
    }
  }

  @Test("a group that can't be read, for it is damaged, is left out, and all else is followed")
  func damagedGroup() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await start(fixture)
      fixture.daybook.state.withLockedValue {
        $0.answers.unreadable[Chat.group] = DaybookError(.logCorrupt, "damaged")
      }
      let (tablet, frames) = try await fixture.live("bob:tablet")
      #expect(try frames.seqs(of: "group/g").isEmpty)
      let head = fixture.daybook.state.withLockedValue { $0.streams[.user(Chat.bob.user!)]!.head }
      _ = try await alice.send("still here", to: "user/bob", number: 20)
      let next = head.rawValue + 1
      #expect(try await tablet.seqs(of: "user/bob", through: next) == [next])
    }
  }

  @Test(
    "what only the server's operator can act on is told as trouble after which one connects again",
    arguments: [ErrorCode.epochFenced, .permissionDenied, .offsetOutOfRange])
  func operatorsTrouble(code: ErrorCode) async throws {
    try await GatewayFixture.run { fixture in
      _ = try await start(fixture)
      fixture.daybook.state.withLockedValue {
        $0.openingRefusal = DaybookError(code, "/var/lib/daybook/log")
      }
      let tablet = try await fixture.connect("bob:tablet")
      let last = try #require(try await tablet.until(.closing).last)
      let said = try Daybook_V1_Closing(frameBody: last.body).error
      #expect(said.name == "storage_failed" && said.temporary)
      #expect(!said.message.contains("/var"))
    }
  }

  @Test("groups are told which one the device is to its mailbox, and so is the device")
  func newDevice() async throws {
    try await GatewayFixture.run { fixture in
      func lastOpening() throws -> Seq {
        let commands = fixture.daybook.commandsNow {
          if case .openCursor = $0.body { true } else { false }
        }
        let last = try #require(commands.last { $0.stream == .group(GroupID(checked: "g")) })
        guard case .openCursor(let registration, _, _) = last.body else { return .none }
        return registration
      }
      let (_, bob) = try await start(fixture)
      let first = try lastOpening()
      #expect(first > .none)
      try await bob.say(.leave, Requests.leave("g", number: 2))
      _ = try await bob.until(.unfollowed)
      try await bob.say(.join, Requests.join("g", number: 3))
      _ = try await bob.until(.following)
      #expect(try lastOpening() == first)
      try await bob.say(.ack, Requests.ack("group/g", 5))
      _ = try await bob.ask(.disconnect, Daybook_V1_DisconnectRequest())
      let (back, _) = try await fixture.live("bob:phone")
      #expect(try lastOpening() == first)

      let forget = Daybook_V1_ForgetDeviceRequest.with {
        ($0.context, $0.device) = (Requests.command(9), "phone")
      }
      try await back.say(.forgetDevice, forget)
      _ = try await back.until(.closing)
      _ = try await fixture.live("bob:phone")
      #expect(try lastOpening() > first)
    }
  }
}

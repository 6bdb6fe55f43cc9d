import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Testing
import WireProtocol

@testable import Gateway

/// A device that keeps what it gets, and acks what it has not acked before: never twice, for a
/// server that forgot an ack would then be deaf for good.
private final class AckingDevice {
  let client: TestClient
  private var acked: [String: UInt64] = [:]
  private(set) var seqs: [String: [UInt64]] = [:]
  private(set) var errors: [ErrorCode] = []

  init(_ client: TestClient) { self.client = client }

  func ack(_ stream: String, _ upTo: UInt64) async throws {
    guard upTo > acked[stream] ?? 0 else { return }
    acked[stream] = upTo
    try await client.say(.ack, Requests.ack(stream, upTo))
  }

  /// Takes frames up to the first for which `isLast` says so.
  func take(until isLast: (Frame) async throws -> Bool) async throws {
    while true {
      let frame = try await client.next()
      switch frame.type {
      case .event:
        let event = try frame.event()
        seqs[event.stream.text, default: []].append(event.seq.rawValue)
        try await ack(event.stream.text, event.seq.rawValue)
      case .error:
        errors.append(DaybookError(try Daybook_V1_ErrorReply(frameBody: frame.body)).code)
      default: break
      }
      if try await isLast(frame) { return }
    }
  }

  /// Whatever was sent before was read by the server when this returns.
  func fence() async throws {
    let sequence = try await client.say(.heartbeat, Daybook_V1_HeartbeatRequest())
    try await take { $0.sequence == sequence }
  }
}

/// When a device acks what it has from an earlier session.
enum AckMoment: CaseIterable {
  case beforeTheFirstPage
  case afterTheFirstPage
}

@Suite("acks", .timeLimit(.minutes(30)))
struct AckTests {
  static let alice = Actor(user: UserID(checked: "alice"))

  static func fill(_ daybook: MemoryDaybook, _ stream: String, _ count: Int) {
    let body = Event.Body.messageSent(Message(content: ContentCoding.text("x")))
    for _ in 1...count { daybook.append(StreamKey(checked: stream)!, alice, body) }
  }

  @Test(
    "however early and however far a device acks, its stream comes whole, then caught up",
    arguments: [1, 100, 255, 256, 257, 300, 512, 799, 800, 900], AckMoment.allCases)
  func earlyAck(upTo: UInt64, moment: AckMoment) async throws {
    try await GatewayFixture.run { fixture in
      AckTests.fill(fixture.daybook, "user/bob", 800)
      fixture.daybook.state.withLockedValue { $0.holdsPages = true }
      let device = AckingDevice(try await fixture.connect("bob:phone"))
      try await device.take { $0.type == .following }
      if moment == .beforeTheFirstPage {
        try await device.ack("user/bob", upTo)
        try await device.fence()
        fixture.daybook.releasePages()
      } else {
        fixture.daybook.releasePages()
        // The ack of this event is among those that a page's end waits for, or not.
        try await device.take { $0.type == .event }
        try await device.ack("user/bob", upTo)
      }
      try await device.take { $0.type == .caughtUp }
      #expect(device.seqs["user/bob"] == Array(1...800))
      #expect(device.errors.allSatisfy { $0 == .logRolledBack })
      // And it goes on as any other.
      AckTests.fill(fixture.daybook, "user/bob", 1)
      try await device.take { $0.type == .event }
      #expect(device.seqs["user/bob"]?.last == 801)
    }
  }

  @Test("acks of one stream never keep the next ones waiting")
  func nextStreams() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      let names = ["f", "g", "h"]
      for (index, name) in names.enumerated() {
        _ = try await alice.ask(.createGroup, Requests.create(name, number: UInt64(index) + 1))
        AckTests.fill(fixture.daybook, "group/\(name)", 600)
      }
      let laptop = AckingDevice(try await fixture.connect("alice:laptop"))
      try await laptop.take { frame in
        if frame.type == .following {
          let following = try Daybook_V1_Following(frameBody: frame.body)
          // All of it, before any of it has come.
          try await laptop.ack(following.stream, following.headSeq)
        }
        return frame.type == .caughtUp
      }
      for name in names { #expect(laptop.seqs["group/\(name)"] == Array(1...601)) }
      #expect(laptop.errors.isEmpty)
    }
  }

  @Test("create, text, leave and join at once end in the group followed", arguments: 0..<20)
  func leaveAndJoin(_: Int) async throws {
    try await GatewayFixture.run { fixture in
      let device = AckingDevice(try await fixture.connect("bob:phone"))
      try await device.take { $0.type == .caughtUp }
      try await device.client.say(.createGroup, Requests.create("g", number: 1))
      try await device.client.say(.send, Requests.send("x", to: "group/g", number: 2))
      try await device.client.say(.leave, Requests.leave("g", number: 3))
      try await device.client.say(.join, Requests.join("g", number: 4))
      try await device.client.say(.send, Requests.send("y", to: "group/g", number: 5))
      try await device.client.say(.createGroup, Requests.create("later", number: 6))
      var awaited: Set = ["group/g 5", "group/later 1"]
      try await device.take { frame in
        if frame.type == .event {
          let event = try frame.event()
          awaited.remove("\(event.stream) \(event.seq)")
        }
        return awaited.isEmpty
      }
      #expect(device.errors.isEmpty)
    }
  }

  /// bob has joined at 3, seen 4, left at 5, and acked none of it.
  private func left(_ fixture: GatewayFixture) async throws -> (TestClient, TestClient) {
    let (alice, _) = try await fixture.live("alice:phone")
    let (bob, _) = try await fixture.live("bob:phone")
    _ = try await alice.ask(.createGroup, Requests.create("g", number: 1))
    _ = try await alice.send("before", to: "group/g", number: 2)
    try await bob.say(.join, Requests.join("g", number: 1))
    #expect(try await bob.seqs(of: "group/g", through: 3) == [3])
    _ = try await alice.send("during", to: "group/g", number: 3)
    #expect(try await bob.seqs(of: "group/g", through: 4) == [4])
    try await bob.say(.leave, Requests.leave("g", number: 2))
    #expect(try await bob.until(.unfollowed).seqs(of: "group/g") == [5])
    _ = try await alice.send("after", to: "group/g", number: 4)
    return (alice, bob)
  }

  @Test("what came before 'unfollowed' can be acked after it, and does not come again")
  func afterUnfollowed() async throws {
    var options = GatewayOptions.patient
    // No tick comes before the group opens again: the ack is handed on ahead of it.
    options.ackTick = .hours(1)
    try await GatewayFixture.run(options) { fixture in
      let (_, bob) = try await left(fixture)
      try await bob.say(.ack, Requests.ack("group/g", 5))
      try await bob.say(.join, Requests.join("g", number: 3))
      let back = try await bob.until(.following)
      #expect(!back.contains { $0.type == .error })
      #expect(try Daybook_V1_Following(frameBody: back.last!.body).cursor == 5)
      let hole = try Daybook_V1_NotVisible(frameBody: try await bob.next().body)
      #expect(hole.range.fromSeq == 6 && hole.range.toSeq == 6)
      #expect(try await bob.next().event().seq == Seq(7))
    }
  }

  @Test("an ack after 'unfollowed' is logged, also when the connection ends at once")
  func afterUnfollowedThenGone() async throws {
    try await GatewayFixture.run { fixture in
      let (_, bob) = try await left(fixture)
      try await bob.say(.ack, Requests.ack("group/g", 5))
      #expect(
        try await bob.ask(.disconnect, Daybook_V1_DisconnectRequest()).type == .disconnect.reply)
      #expect(await bob.isAtEnd())
      let again = try await fixture.connect("bob:phone")
      _ = try await again.until(.caughtUp)
      try await again.say(.join, Requests.join("g", number: 3))
      let following = try await again.until(.following)
      #expect(try Daybook_V1_Following(frameBody: following.last!.body).cursor == 5)
    }
  }

  @Test("an ack while a group opens again counts for the pages that follow")
  func whileReopening() async throws {
    var options = GatewayOptions.patient
    // So late that the group's owner does not know of the ack, and the tail comes again.
    options.ackTick = .hours(1)
    try await GatewayFixture.run(options) { fixture in
      let (_, bob) = try await left(fixture)
      fixture.daybook.state.withLockedValue { $0.holdsOpenings = true }
      try await bob.say(.join, Requests.join("g", number: 3))
      while fixture.daybook.state.withLockedValue({ $0.held.isEmpty }) { await Task.yield() }
      try await bob.say(.ack, Requests.ack("group/g", 5))
      let beat = try await bob.say(.heartbeat, Daybook_V1_HeartbeatRequest())
      while try await bob.next().sequence != beat {}
      fixture.daybook.release()
      let back = try await bob.until(.notVisible)
      #expect(try back.seqs(of: "group/g") == [3, 4, 5])
      #expect(!back.contains { $0.type == .error })
      #expect(try await bob.next().event().seq == Seq(7))
    }
  }

  @Test("a stream is acked from its 'following' on, not before")
  func neverFollowed() async throws {
    try await GatewayFixture.run { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      #expect(try await bob.error(.ack, Requests.ack("group/g", 1)) == .invalidRequest)
      #expect(try await bob.error(.ack, Requests.ack("user/alice", 1)) == .invalidRequest)
    }
  }
}

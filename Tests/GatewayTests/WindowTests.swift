import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("the window of what is pushed", .timeLimit(.minutes(30)))
struct WindowTests {
  private static func options(events: Int, bytes: Int = 1 << 20) -> GatewayOptions {
    var options = GatewayOptions.patient
    options.window = PushWindow.Size(events: events, bytes: bytes)
    return options
  }

  /// An event of so many bytes more than its neighbours.
  private static func append(_ daybook: MemoryDaybook, _ stream: String, bytes: Int) {
    let text = String(repeating: "x", count: bytes)
    daybook.append(
      StreamKey(checked: stream)!, AckTests.alice,
      .messageSent(Message(content: ContentCoding.text(text))))
  }

  private func awaited(_ frame: Frame) throws -> String {
    try #require(frame.type == .awaitingAck, "\(frame.type)")
    let push = try Daybook_V1_AwaitingAck(frameBody: frame.body)
    return "\(push.stream) \(push.upToSeq)"
  }

  private func behind(_ frame: Frame) throws -> [String] {
    try #require(frame.type == .behind, "\(frame.type)")
    return try Daybook_V1_Behind(frameBody: frame.body).streams.map {
      "\($0.stream) \($0.pushedSeq)/\($0.headSeq)"
    }
  }

  private func seqs(_ client: TestClient, _ stream: String, _ count: Int) async throws -> [UInt64] {
    var seqs: [UInt64] = []
    for _ in 0..<count { seqs += try [try await client.next()].seqs(of: stream) }
    return seqs
  }

  @Test("the connect reply states it, in events and bytes")
  func stated() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 7, bytes: 3_000)) { fixture in
      let client = try await fixture.open()
      let limits = try await client.connect("bob:phone").limits
      #expect(limits.windowEvents == 7 && limits.windowBytes == 3_000)
    }
  }

  @Test("a sync stops at so many events, says once what it waits for, and slides with any ack")
  func sync() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 5)) { fixture in
      AckTests.fill(fixture.daybook, "user/bob", 12)
      let bob = try await fixture.connect("bob:phone")
      _ = try await bob.until(.following)
      #expect(try await seqs(bob, "user/bob", 5) == [1, 2, 3, 4, 5])
      #expect(try awaited(try await bob.next()) == "user/bob 5")
      #expect(try await bob.fence().isEmpty)
      // Not the last, and no page's end.
      try await bob.say(.ack, Requests.ack("user/bob", 2))
      #expect(try await seqs(bob, "user/bob", 2) == [6, 7])
      #expect(try awaited(try await bob.next()) == "user/bob 7")
      // One that brings nothing new makes no room, and is no reason to say it again.
      try await bob.say(.ack, Requests.ack("user/bob", 1))
      #expect(try await bob.fence().isEmpty)
      try await bob.say(.ack, Requests.ack("user/bob", 7))
      #expect(try await bob.until(.caughtUp).seqs(of: "user/bob") == [8, 9, 10, 11, 12])
    }
  }

  @Test("so it does at so many bytes, and an event larger than all of them comes alone")
  func bytes() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 100, bytes: 3_000)) { fixture in
      for bytes in [1_200, 1_200, 1_200, 9_000, 10] {
        WindowTests.append(fixture.daybook, "user/bob", bytes: bytes)
      }
      let bob = try await fixture.connect("bob:phone")
      _ = try await bob.until(.following)
      #expect(try await seqs(bob, "user/bob", 2) == [1, 2])
      #expect(try awaited(try await bob.next()) == "user/bob 2")
      try await bob.say(.ack, Requests.ack("user/bob", 1))
      #expect(try await seqs(bob, "user/bob", 1) == [3])
      #expect(try awaited(try await bob.next()) == "user/bob 3")
      // There is room for some, and not for that one.
      try await bob.say(.ack, Requests.ack("user/bob", 2))
      #expect(try await bob.fence().isEmpty)
      try await bob.say(.ack, Requests.ack("user/bob", 3))
      #expect(try await seqs(bob, "user/bob", 1) == [4])
      #expect(try awaited(try await bob.next()) == "user/bob 4")
      try await bob.say(.ack, Requests.ack("user/bob", 4))
      #expect(try await bob.until(.caughtUp).seqs(of: "user/bob") == [5])
    }
  }

  @Test("a slow live reader is told that it is behind, and goes on from the log as it acks")
  func live() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 3)) { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      AckTests.fill(fixture.daybook, "user/bob", 10)
      #expect(try await seqs(bob, "user/bob", 3) == [1, 2, 3])
      #expect(try behind(try await bob.next()) == ["user/bob 3/4"])
      #expect(try awaited(try await bob.next()) == "user/bob 3")
      #expect(try await bob.fence().isEmpty)
      for (acked, next) in [(1, [4]), (2, [5]), (5, [6, 7, 8])] as [(UInt64, [UInt64])] {
        try await bob.say(.ack, Requests.ack("user/bob", acked))
        #expect(try await seqs(bob, "user/bob", next.count) == next)
        #expect(try awaited(try await bob.next()) == "user/bob \(next.last!)")
      }
      try await bob.say(.ack, Requests.ack("user/bob", 8))
      #expect(try await seqs(bob, "user/bob", 2) == [9, 10])
      // Live again, and from here on as before.
      try await bob.say(.ack, Requests.ack("user/bob", 9))
      #expect(try await bob.fence().isEmpty)
      AckTests.fill(fixture.daybook, "user/bob", 3)
      #expect(try await seqs(bob, "user/bob", 2) == [11, 12])
      #expect(try behind(try await bob.next()) == ["user/bob 12/13"])
    }
  }

  @Test("who never acks is waited for, hears of all else, and is not cut off")
  func neverAcks() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 2)) { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      AckTests.fill(fixture.daybook, "user/bob", 500)
      for type in [FrameType.event, .event, .behind, .awaitingAck] {
        #expect(try await bob.next().type == type)
      }
      for number in 1...30 {
        let answer = try await bob.send("x", to: "user/carol", number: UInt64(number))
        #expect(answer.type == .send.reply)
      }
      let fetch = Daybook_V1_FetchRequest.with { ($0.stream, $0.fromSeq) = ("user/bob", 3) }
      let reply = try Daybook_V1_FetchReply(frameBody: try await bob.ask(.fetch, fetch).body)
      #expect(reply.headSeq == 500)
      #expect(try await bob.fence().isEmpty)
    }
  }

  @Test("who sends without reading its copies is answered, and gets them as it acks")
  func ownCopies() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 4)) { fixture in
      fixture.daybook.state.withLockedValue { $0.copiesSends = true }
      let (bob, _) = try await fixture.live("bob:phone")
      for number in 1...50 {
        try await bob.say(.send, Requests.send("x", to: "user/carol", number: UInt64(number)))
      }
      var answered = 0
      var copies: [UInt64] = []
      var waits = 0
      while answered < 50 || copies.count < 50 {
        let frame = try await bob.next()
        switch frame.type {
        case .send.reply: answered += 1
        case .event: copies.append(try frame.event().seq.rawValue)
        case .awaitingAck:
          waits += 1
          // Not before all was answered: nothing of that waits for an ack.
          if answered < 50 { continue }
          try await bob.say(.ack, Requests.ack("user/bob", copies.last!))
        default: #expect(frame.type == .behind)
        }
        if answered == 50, waits == 1, frame.type == .send.reply {
          try await bob.say(.ack, Requests.ack("user/bob", copies.last!))
        }
      }
      #expect(copies == Array(1...50))
    }
  }

  @Test("each stream has its own: one that is not acked keeps no other one waiting")
  func streams() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 3)) { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      try await alice.makeGroup("g", number: 1)
      try await alice.say(.ack, Requests.ack("group/g", 1))
      try await alice.say(.ack, Requests.ack("user/alice", 1))
      // The mailbox is behind; the group goes on, and its acks are the group's alone.
      AckTests.fill(fixture.daybook, "user/alice", 5)
      _ = try await alice.until(.awaitingAck)
      var seen: UInt64 = 1
      for _ in 1...4 {
        AckTests.fill(fixture.daybook, "group/g", 3)
        #expect(try await seqs(alice, "group/g", 3) == [seen + 1, seen + 2, seen + 3])
        seen += 3
        try await alice.say(.ack, Requests.ack("group/g", seen))
        #expect(try await alice.fence().isEmpty)
      }
      // Now the group too; one ack each lets each go on.
      AckTests.fill(fixture.daybook, "group/g", 5)
      _ = try await alice.until(.awaitingAck)
      try await alice.say(.ack, Requests.ack("group/g", seen + 3))
      #expect(try await seqs(alice, "group/g", 2) == [seen + 4, seen + 5])
      try await alice.say(.ack, Requests.ack("user/alice", 4))
      #expect(try await seqs(alice, "user/alice", 2) == [5, 6])
    }
  }

  @Test("a group that is left while it is behind comes to its end, then is unfollowed")
  func leftBehind() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 3)) { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      try await alice.makeGroup("g", number: 1)
      AckTests.fill(fixture.daybook, "group/g", 3)
      _ = try await alice.until(.awaitingAck)
      let typing = Daybook_V1_TypingRequest.with { $0.conversation = "group/g" }
      try await alice.say(.typing, typing)
      #expect(try await alice.fence().isEmpty)
      _ = try await alice.ask(.leave, Requests.leave("g", number: 2))
      AckTests.fill(fixture.daybook, "group/g", 2)
      // It has left, though it has not seen that yet.
      #expect(try await alice.error(.typing, typing) == .notAMember)
      try await alice.say(.ack, Requests.ack("group/g", 3))
      let rest = try await alice.until(.unfollowed)
      #expect(try rest.seqs(of: "group/g") == [4, 5])
    }
  }

  @Test("a group joined while the mailbox is behind is followed when the mailbox tells of it")
  func joinedBehind() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 2)) { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      AckTests.fill(fixture.daybook, "user/alice", 3)
      _ = try await alice.until(.awaitingAck)
      _ = try await alice.ask(.createGroup, Requests.create("g", number: 1))
      #expect(try await alice.fence().isEmpty)
      try await alice.say(.ack, Requests.ack("user/alice", 2))
      let frames = try await alice.until(.following)
      #expect(try frames.seqs(of: "user/alice") == [3, 4])
      #expect(try await seqs(alice, "group/g", 1) == [1])
    }
  }

  @Test("an ack that its owner refuses slides the window all the same")
  func refusedAcks() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 2)) { fixture in
      AckTests.fill(fixture.daybook, "user/bob", 5)
      fixture.daybook.state.withLockedValue {
        $0.ackRefusal = DaybookError(.partitionReadOnly, "it is read only")
      }
      let bob = try await fixture.connect("bob:phone")
      var seqs: [UInt64] = []
      var refused = 0
      while refused == 0 || seqs.count < 5 {
        let frame = try await bob.next()
        switch frame.type {
        case .event: seqs.append(try frame.event().seq.rawValue)
        case .awaitingAck: try await bob.say(.ack, Requests.ack("user/bob", seqs.last!))
        case .error: refused += 1
        default: break
        }
      }
      #expect(seqs == [1, 2, 3, 4, 5])
    }
  }

  @Test("a device that was forgotten and is new begins with a window of its own")
  func forgotten() async throws {
    try await GatewayFixture.run(WindowTests.options(events: 2)) { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      AckTests.fill(fixture.daybook, "user/bob", 5)
      _ = try await bob.until(.awaitingAck)
      let forget = Daybook_V1_ForgetDeviceRequest.with {
        ($0.context, $0.device) = (Requests.command(1), "phone")
      }
      // Though that event has not been pushed.
      try await bob.say(.forgetDevice, forget)
      let closing = try Daybook_V1_Closing(frameBody: try await bob.until(.closing).last!.body)
      #expect(closing.error.name == "device_forgotten")
      let again = try await fixture.connect("bob:phone")
      #expect(try await again.until(.awaitingAck).seqs(of: "user/bob") == [1, 2])
    }
  }
}

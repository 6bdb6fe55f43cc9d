import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("sessions over TCP")
struct SessionTests {
  @Test("a device gets its mailbox, then each group, then hears that it has caught up")
  func course() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, first) = try await fixture.live("alice:phone")
      #expect(first.map(\.type) == [.following, .caughtUp])
      _ = try await alice.ask(.createGroup, Requests.create("g", number: 1))
      for number in 2...4 {
        _ = try await alice.send("to g", to: "group/g", number: UInt64(number))
        _ = try await alice.send("to bob", to: "user/bob", number: UInt64(number) + 10)
      }
      let bob = try await fixture.open()
      let reply = try await bob.connect("bob:phone")
      #expect(!reply.resumed && reply.user == "bob" && reply.logID == "log")
      let frames = try await bob.until(.caughtUp)
      #expect(try frames.seqs(of: "user/bob") == [1, 2, 3])
      #expect(try frames.seqs(of: "group/g") == [])
      // The group is followed as soon as the mailbox tells of the join.
      try await bob.say(.join, Requests.join("g", number: 1))
      let later = try await bob.until(.following)
      let following = try Daybook_V1_Following(frameBody: later.last!.body)
      #expect(following.stream == "group/g" && following.cursor == 4)
      let joined = try await bob.next().event()
      #expect(joined.seq == Seq(5) && joined.kind == .memberJoined)
    }
  }

  @Test("what was acked does not come again; what wasn't does")
  func resume() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      for number in 1...5 { _ = try await alice.send("x", to: "user/bob", number: UInt64(number)) }
      let (bob, _) = try await fixture.live("bob:phone")
      try await bob.say(.ack, Requests.ack("user/bob", 3))
      _ = try await bob.ask(.disconnect, Daybook_V1_DisconnectRequest())
      #expect(await bob.isAtEnd())
      let again = try await fixture.open()
      #expect(try await again.connect("bob:phone").resumed)
      #expect(try await again.until(.caughtUp).seqs(of: "user/bob") == [4, 5])
    }
  }

  @Test("sync goes on under acks while events keep coming, without gap or duplicate")
  func syncAndLive() async throws {
    try await GatewayFixture.run { fixture in
      let bob = StreamKey.user(try UserID("bob"))
      let alice = Actor(user: try UserID("alice"))
      let body = Event.Body.messageSent(Message(content: ContentCoding.text("x")))
      for _ in 1...600 { fixture.daybook.append(bob, alice, body) }
      let client = try await fixture.connect("bob:phone")
      var seqs: [UInt64] = []
      var extra = 0
      while seqs.count < 900 {
        let frame = try await client.next()
        guard frame.type == .event else { continue }
        seqs.append(try frame.event().seq.rawValue)
        if extra < 300 {
          extra += 1
          fixture.daybook.append(bob, alice, body)
        }
        // A page is acked at its end only: that much must come without an ack.
        if seqs.count % Limits.pageEventsMax == 0 {
          try await client.say(.ack, Requests.ack("user/bob", seqs.last!))
        }
      }
      #expect(seqs == Array(1...900))
    }
  }

  @Test("a member sees from the join to the leave, and nothing else")
  func visibility() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      let (bob, _) = try await fixture.live("bob:phone")
      _ = try await alice.ask(.createGroup, Requests.create("g", number: 1))
      _ = try await alice.send("before", to: "group/g", number: 2)
      try await bob.say(.join, Requests.join("g", number: 1))  // seq 3
      #expect(try await bob.seqs(of: "group/g", through: 3) == [3])
      _ = try await alice.send("during", to: "group/g", number: 3)  // seq 4
      #expect(try await bob.seqs(of: "group/g", through: 4) == [4])
      try await bob.say(.leave, Requests.leave("g", number: 2))  // seq 5
      #expect(try await bob.until(.unfollowed).seqs(of: "group/g") == [5])
      _ = try await alice.send("after", to: "group/g", number: 4)  // seq 6
      let fetched = try Daybook_V1_FetchReply(
        frameBody: try await bob.ask(
          .fetch,
          Daybook_V1_FetchRequest.with {
            $0.stream = "group/g"
            $0.fromSeq = 1
          }
        ).body)
      #expect(fetched.events.count == 3 && fetched.headSeq == 6 && fetched.nextSeq == 0)
      #expect(fetched.notVisible.map { [$0.fromSeq, $0.toSeq] } == [[1, 2], [6, 6]])
      let history = try Daybook_V1_HistoryReply(
        frameBody: try await bob.ask(
          .history, Daybook_V1_HistoryRequest.with { $0.conversation = "group/g" }
        ).body)
      #expect(history.events.count == 1)
      let members = Daybook_V1_MembersRequest.with { $0.group = "g" }
      #expect(try await bob.error(.members, members) == .notAMember)
      // Back again: what was not acked comes again, and the hole is named, not silent.
      try await bob.say(.join, Requests.join("g", number: 3))  // seq 7
      #expect(try await bob.seqs(of: "group/g", through: 5) == [3, 4, 5])
      try await bob.say(.ack, Requests.ack("group/g", 5))
      let back = try await bob.until(.notVisible)
      let hole = try Daybook_V1_NotVisible(frameBody: back.last!.body)
      #expect(hole.range.fromSeq == 6 && hole.range.toSeq == 6)
      #expect(try await bob.next().event().seq == Seq(7))
    }
  }

  @Test("the answer to a send has the message's id, and a seq of one's own streams alone")
  func service() async throws {
    try await GatewayFixture.run { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      let importer = try await fixture.connect("service:importer")
      let frame = try await importer.ask(
        .send, Requests.send("hi", to: "user/bob", number: 1, actingFor: "carol"))
      let reply = try CommandReply(frameBody: frame.body)
      // Of another's mailbox no seq is told.
      #expect(reply.seq == .none && reply.messageID != .none && reply.durability == 1)
      let event = try await bob.next().event()
      #expect(event.actor.user?.text == "carol" && event.actor.service?.text == "importer")
      #expect(event.messageID == reply.messageID)
      let nobody = try await importer.error(.send, Requests.send("x", to: "user/bob", number: 2))
      #expect(nobody == .invalidRequest)
      let posing = Requests.send("x", to: "user/bob", number: 2, actingFor: "carol")
      #expect(try await bob.error(.send, posing) == .notPermitted)
      let note = try CommandReply(
        frameBody: try await bob.send("note", to: "user/bob", number: 9).body)
      #expect(note.seq == Seq(2) && note.messageID != .none)
    }
  }

  @Test("the same device's newer session closes the older one")
  func replaced() async throws {
    try await GatewayFixture.run { fixture in
      let (older, _) = try await fixture.live("bob:phone")
      let (newer, _) = try await fixture.live("bob:phone")
      let frame = try await older.next()
      let closing = try Daybook_V1_Closing(frameBody: frame.body)
      #expect(frame.type == .closing && closing.error.name == "session_replaced")
      #expect(await older.isAtEnd())
      _ = try await newer.ask(.heartbeat, Daybook_V1_HeartbeatRequest())
    }
  }

  @Test("more commands than may be in flight wait, and all are answered")
  func backpressure() async throws {
    var options = GatewayOptions.patient
    options.inFlightMax = 4
    try await GatewayFixture.run(options) { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      fixture.daybook.state.withLockedValue { $0.holdsSends = true }
      for number in 1...20 {
        try await bob.say(.send, Requests.send("x", to: "user/al", number: UInt64(number)))
      }
      while fixture.daybook.state.withLockedValue({ $0.held.count }) < 4 { await Task.yield() }
      fixture.daybook.release()
      // Replies come in any order.
      var answered: Set<UInt32> = []
      while answered.count < 20 {
        let frame = try await bob.next()
        #expect(frame.type == .send.reply)
        answered.insert(frame.sequence)
      }
      #expect(answered == Set(2...21))
    }
  }
}

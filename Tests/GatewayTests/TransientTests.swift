import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Testing
import WireProtocol

@testable import Gateway

@Suite("what a send may state besides its content", .timeLimit(.minutes(30)))
struct SendExtrasTests {
  @Test("days become a time, and everyone is mentioned in groups only")
  func extras() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      _ = try await alice.ask(.createGroup, Requests.create("g", number: 1))
      var request = Requests.send("x", to: "user/bob", number: 2)
      request.mentions = ["bob", "carol"]
      request.mentionsEveryone = true
      request.keepDays = 2
      _ = try await alice.ask(.send, request)
      (request.to, request.context.number) = ("group/g", 3)
      _ = try await alice.ask(.send, request)
      // Nothing of it is the same as nothing.
      var plain = Requests.send("x", to: "user/bob", number: 4)
      plain.mentionsEveryone = true
      _ = try await alice.ask(.send, plain)
      let sent = fixture.daybook.commandsNow { $0.id != nil }.compactMap { command in
        if case .send(let message) = command.body { message } else { nil }
      }
      let end = Timestamp(milliseconds: 1_800_000_000_000 + 2 * 86_400_000)
      let mentions = [UserID(checked: "bob"), UserID(checked: "carol")]
      #expect(
        sent.map(\.extras) == [
          MessageExtras(mentions: mentions, expiresAt: end),
          MessageExtras(mentions: mentions, mentionsEveryone: true, expiresAt: end), nil,
        ])
    }
  }
}

@Suite("transient messages", .timeLimit(.minutes(30)))
struct TransientTests {
  private func request(_ to: String, _ number: UInt64) -> Daybook_V1_SendRequest {
    var request = Requests.send("psst", to: to, number: number)
    request.transient = true
    return request
  }

  private func reply(_ frame: Frame) throws -> CommandReply {
    try #require(frame.type == .send.reply)
    return try CommandReply(frameBody: frame.body)
  }

  /// The only transient one among what came before the fence.
  private func received(_ client: TestClient) async throws -> [Event] {
    try await client.fence().filter { $0.type == .transient }.map { try $0.event() }
  }

  @Test("to a user: the receiver's devices and the sender's other ones get it, and no log")
  func direct() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      let (tablet, _) = try await fixture.live("alice:tablet")
      let (bob, _) = try await fixture.live("bob:phone")
      let (laptop, _) = try await fixture.live("bob:laptop")
      let (carol, _) = try await fixture.live("carol:phone")
      let answer = try reply(try await alice.ask(.send, request("user/bob", 1)))
      #expect(answer.durability == CommandReply.notStored && answer.changed)
      #expect(answer.seq == .none && answer.messageID == .none)
      for client in [tablet, bob, laptop] {
        let frame = try await client.next()
        #expect(frame.type == .transient && frame.sequence == 0)
        let event = try frame.event()
        #expect(event.stream.text == "user/bob" && event.seq == .none && event.messageID == .none)
        #expect(event.recordedAt == fixture.daybook.now())
        #expect(event.actor.user?.text == "alice" && event.actor.device?.text == "phone")
        #expect(event.body == .messageSent(Message(content: ContentCoding.text("psst"))))
      }
      #expect(try await received(alice).isEmpty)
      #expect(try await received(carol).isEmpty)
      #expect(
        fixture.daybook.state.withLockedValue { $0.streams[Chat.bobBox]?.events.isEmpty ?? true })
    }
  }

  @Test("to a group: all who follow it get it but the session that sent it")
  func group() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      try await alice.makeGroup("g", number: 1)
      var members: [TestClient] = []
      for (index, token) in ["alice:tablet", "bob:phone", "dora:phone"].enumerated() {
        let (client, _) = try await fixture.live(token)
        if index > 0 { _ = try await client.say(.join, Requests.join("g", number: 1)) }
        members.append(client)
      }
      let (stranger, _) = try await fixture.live("eve:phone")
      // All have seen the last one join.
      for client in members { _ = try await client.seqs(of: "group/g", through: 3) }
      _ = try await alice.seqs(of: "group/g", through: 3)
      #expect(try reply(try await alice.ask(.send, request("group/g", 2))).changed)
      for client in members {
        let frame = try await client.next()
        #expect(frame.type == .transient)
        #expect(try frame.event().stream.text == "group/g")
      }
      #expect(try await received(alice).isEmpty)
      #expect(try await received(stranger).isEmpty)
      #expect(
        try stranger.code(try await stranger.ask(.send, request("group/g", 1))) == .notAMember)
      for client in members { #expect(try await received(client).isEmpty) }
    }
  }

  @Test("one that the owner hides from its receiver is answered alike, and only its own get it")
  func hidden() async throws {
    try await GatewayFixture.run { fixture in
      fixture.daybook.state.withLockedValue {
        $0.answer = CommandResult(
          recordedAt: Timestamp(milliseconds: 5), changed: false, isStored: false)
      }
      let (alice, _) = try await fixture.live("alice:phone")
      let (tablet, _) = try await fixture.live("alice:tablet")
      let (bob, _) = try await fixture.live("bob:phone")
      let answer = try reply(try await alice.ask(.send, request("user/bob", 1)))
      #expect(answer.changed && answer.durability == CommandReply.notStored)
      #expect(try await tablet.next().event().actor.user?.text == "alice")
      #expect(try await received(bob).isEmpty)
    }
  }

  @Test("one that the owner refuses is not pushed; a service's reaches all of both users' devices")
  func refusedAndService() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      let (bob, _) = try await fixture.live("bob:phone")
      fixture.daybook.state.withLockedValue { $0.refusal = DaybookError(.blocked, "no") }
      #expect(try alice.code(try await alice.ask(.send, request("user/bob", 1))) == .blocked)
      #expect(try await received(bob).isEmpty)
      fixture.daybook.state.withLockedValue { $0.refusal = nil }
      let service = try await fixture.connect("service:crm")
      var asked = request("user/bob", 1)
      asked.context.actingFor = "alice"
      _ = try reply(try await service.ask(.send, asked))
      for client in [alice, bob] {
        let event = try await client.next().event()
        #expect(event.actor.service?.text == "crm" && event.actor.user?.text == "alice")
      }
    }
  }
}

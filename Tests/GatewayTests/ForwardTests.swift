import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("answers and forwards", .timeLimit(.minutes(30)))
struct ForwardTests {
  private func forward(
    _ client: TestClient, _ id: MessageID, from conversation: String, to: String = "user/dora"
  ) async throws -> Frame {
    try await client.ask(
      .forward,
      Daybook_V1_ForwardRequest.with {
        ($0.context, $0.to) = (Requests.command(client.nextNumber()), to)
        ($0.conversation, $0.messageID) = (conversation, id.rawValue)
      })
  }

  private func sent(_ daybook: MemoryDaybook) throws -> (StreamKey, DaybookModel.Message) {
    let command = try #require(daybook.commandsNow { $0.id != nil }.last)
    guard case .send(let message) = command.body else {
      throw DaybookError(.invalidRequest, "\(command.body) is no send")
    }
    return (command.stream, message)
  }

  @Test(
    "a forward sends what the message says, and who said it first",
    arguments: [
      "received", "sent", "copy on its way", "withheld", "withheld copy on its way", "group",
    ])
  func says(_ place: String) async throws {
    try await GatewayFixture.run { fixture in
      let chat = Chat(daybook: fixture.daybook)
      let (author, conversation) =
        place == "received"
        ? ("bob", "user/bob") : ("alice", place == "group" ? "group/g" : "user/bob")
      let id =
        switch place {
        case "received": chat.toAlice("words")
        case "group": chat.makeGroup().since
        default:
          chat.toBob(
            "words", copied: !place.hasSuffix("on its way"), withheld: place.hasPrefix("withheld"))
        }
      let (alice, _) = try await fixture.live("alice:phone")
      let reply = try await forward(alice, id, from: conversation)
      try #require(reply.type == .forward.reply)
      let (stream, message) = try sent(fixture.daybook)
      #expect(stream.text == "user/dora" && message.senderName == "")
      #expect(message.content == ContentCoding.text(place == "group" ? "since" : "words"))
      #expect(
        message.extras
          == MessageExtras(
            forwarded: Forwarded(
              messageID: id, user: UserID(checked: author), recordedAt: fixture.daybook.now())))
    }
  }

  @Test("of what was edited the last words are sent, as soon as the edit is durable")
  func edited() async throws {
    try await GatewayFixture.run { fixture in
      let id = Chat(daybook: fixture.daybook).toBob("first words")
      let (alice, _) = try await fixture.live("alice:phone")
      // In bob's mailbox; alice's is told later.
      _ = try await Amendment.edit.ask(alice, id, in: "user/bob")
      _ = try await forward(alice, id, from: "user/bob")
      #expect(try sent(fixture.daybook).1.content == ContentCoding.text("edited"))
    }
  }

  @Test("what was forwarded before keeps its origin, and loses mentions, answer and expiry")
  func again() async throws {
    try await GatewayFixture.run { fixture in
      let origin = Forwarded(
        messageID: MessageID(9), user: UserID(checked: "eve"),
        recordedAt: Timestamp(milliseconds: 8))
      let message = Message(
        content: ContentCoding.text("old"), senderName: "Bob",
        extras: MessageExtras(
          replyTo: MessageID(3), mentions: [Chat.alice.user!], forwarded: origin,
          expiresAt: Timestamp(milliseconds: 1_900_000_000_000)))
      let (_, id) = fixture.daybook.append(Chat.aliceBox, Chat.bob, .messageSent(message))
      let (alice, _) = try await fixture.live("alice:phone")
      _ = try await forward(alice, id, from: "user/bob", to: "user/bob")
      #expect(try sent(fixture.daybook).1.extras == MessageExtras(forwarded: origin))
    }
  }

  @Test("what was recalled or cleared, or can't be seen, is not forwarded")
  func refused() async throws {
    try await GatewayFixture.run { fixture in
      let chat = Chat(daybook: fixture.daybook)
      let ids = chat.makeGroup()
      let direct = chat.toAlice("x")
      let copied = chat.toBob("y")
      let (alice, _) = try await fixture.live("alice:phone")
      let (bob, _) = try await fixture.live("bob:phone")
      let (carol, _) = try await fixture.live("carol:phone")
      #expect(
        try bob.code(try await forward(bob, ids.before, from: "group/g")) == .messageNotFound)
      #expect(
        try carol.code(try await forward(carol, ids.since, from: "group/g")) == .notAMember)
      #expect(
        try carol.code(try await forward(carol, direct, from: "user/bob")) == .messageNotFound)

      fixture.daybook.state.withLockedValue {
        $0.recalls[ids.since] = MessageTombstone(by: nil, at: .none)
      }
      #expect(
        try alice.code(try await forward(alice, ids.since, from: "group/g")) == .messageWasRecalled)

      func clear(_ conversation: String, _ upTo: UInt64) async throws {
        let request = Daybook_V1_ClearRequest.with {
          $0.context = Requests.command(alice.nextNumber())
          ($0.conversation, $0.upToSeq) = (conversation, upTo)
        }
        #expect(try await alice.ask(.clear, request).type == .clear.reply)
      }
      // The received one is at 1 of alice's mailbox, the copy at 3.
      try await clear("user/bob", 2)
      #expect(
        try alice.code(try await forward(alice, direct, from: "user/bob")) == .messageNotFound)
      #expect(try await forward(alice, copied, from: "user/bob").type == .forward.reply)
      try await clear("group/g", 2)
      #expect(
        try alice.code(try await forward(alice, ids.before, from: "group/g")) == .messageNotFound)
      // Whoever it would have gone to is asked, for it may have been done before.
      let refused = fixture.daybook.commandsNow {
        if case .refused = $0.body { $0.id != nil } else { false }
      }
      #expect(refused.map(\.stream).contains(.user(UserID(checked: "dora"))))
      // What was cleared may still be reacted to: it is out of sight, not gone.
      #expect(try await Amendment.react.ask(alice, ids.before, in: "group/g").type != .error)
    }
  }

  private func answering(
    _ id: MessageID, _ to: String, _ client: TestClient, isTransient: Bool = false
  ) async throws -> Frame {
    var request = Requests.send("re", to: to, number: client.nextNumber())
    request.replyTo = id.rawValue
    request.transient = isTransient
    return try await client.ask(.send, request)
  }

  @Test("what is answered is a message of the same conversation that its sender sees")
  func answers() async throws {
    try await GatewayFixture.run { fixture in
      let chat = Chat(daybook: fixture.daybook)
      let ids = chat.makeGroup()
      let direct = chat.toAlice("x")
      let recalled = chat.toAlice("y")
      fixture.daybook.state.withLockedValue {
        $0.recalls[recalled] = MessageTombstone(by: Chat.bob.user, at: .none)
      }
      let (alice, _) = try await fixture.live("alice:phone")
      let (bob, _) = try await fixture.live("bob:phone")
      for (id, to, client) in [
        (direct, "user/bob", alice), (recalled, "user/bob", alice), (ids.since, "group/g", bob),
      ] {
        #expect(try await answering(id, to, client).type == .send.reply)
        let (stream, message) = try sent(fixture.daybook)
        #expect(stream.text == to && message.extras == MessageExtras(replyTo: id))
      }
      for (id, to, client, code) in [
        (direct, "user/carol", alice, ErrorCode.messageNotFound),
        (MessageID(9), "user/bob", alice, .messageNotFound),
        (ids.before, "group/g", bob, .messageNotFound),
        (direct, "group/g", alice, .messageNotFound),
        (direct, "group/none", alice, .groupNotFound),
      ] {
        #expect(try client.code(try await answering(id, to, client)) == code)
        #expect(try client.code(try await answering(id, to, client, isTransient: true)) == code)
      }
    }
  }
}

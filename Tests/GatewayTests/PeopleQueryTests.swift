import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("queries about messages, groups and people", .timeLimit(.minutes(30)))
struct PeopleQueryTests {
  private func reply<T: SwiftProtobuf.Message>(
    _ client: TestClient, _ type: FrameType, _ request: some SwiftProtobuf.Message, as: T.Type
  ) async throws -> T {
    let frame = try await client.ask(type, request)
    try #require(frame.type == type.reply, "\(frame.type)")
    return try T(frameBody: frame.body)
  }

  private func receipts(
    _ id: MessageID, _ conversation: String, after: String = "", limit: UInt32 = 0
  ) -> Daybook_V1_ReceiptsRequest {
    .with {
      ($0.conversation, $0.messageID) = (conversation, id.rawValue)
      ($0.after, $0.limit) = (after, limit)
    }
  }

  // MARK: receipts

  @Test("receipts are asked of the stream that the message was sent to, by either side")
  func directReceipts() async throws {
    try await GatewayFixture.run { fixture in
      let chat = Chat(daybook: fixture.daybook)
      let id = chat.toBob("x")
      fixture.daybook.state.withLockedValue {
        $0.answers.receipts = [
          Receipt(
            user: QueryTests.bob, deliveredAt: Timestamp(milliseconds: 5),
            readAt: Timestamp(milliseconds: 6))
        ]
      }
      for (token, peer) in [("alice:phone", "user/bob"), ("bob:phone", "user/alice")] {
        let (client, _) = try await fixture.live(token)
        let found = try await reply(
          client, .receipts, receipts(id, peer), as: Daybook_V1_ReceiptsReply.self)
        #expect(found.readCount == 1 && found.unreadCount == 0 && !found.more)
        #expect(
          found.receipts == [
            .with { ($0.user, $0.deliveredAtMs, $0.readAtMs) = ("bob", 5, 6) }
          ])
      }
      #expect(
        fixture.daybook.state.withLockedValue { $0.answers.asked } == [
          "user/bob 1 alice", "user/bob 1 alice",
        ])
    }
  }

  @Test("of one that never came to its receiver, its sender hears what it was told of later ones")
  func withheldReceipts() async throws {
    try await GatewayFixture.run { fixture in
      let id = Chat(daybook: fixture.daybook).toBob("x", withheld: true)
      let (alice, _) = try await fixture.live("alice:phone")
      let found = try await reply(
        alice, .receipts, receipts(id, "user/bob"), as: Daybook_V1_ReceiptsReply.self)
      #expect(
        found
          == .with {
            $0.receipts = [.with { $0.user = "bob" }]; $0.unreadCount = 1
          })
      let rest = try await reply(
        alice, .receipts, receipts(id, "user/bob", after: "bob"),
        as: Daybook_V1_ReceiptsReply.self)
      #expect(rest.receipts.isEmpty && rest.unreadCount == 1)
      fixture.daybook.state.withLockedValue {
        $0.answers.withheldReceipt = Receipt(
          user: Chat.bob.user!, readAt: Timestamp(milliseconds: 7))
      }
      let read = try await reply(
        alice, .receipts, receipts(id, "user/bob"), as: Daybook_V1_ReceiptsReply.self)
      #expect(read.receipts.map(\.readAtMs) == [7] && read.readCount == 1 && read.unreadCount == 0)
      #expect(fixture.daybook.state.withLockedValue { $0.answers.asked }.isEmpty)
    }
  }

  @Test("a group's receipts come in pages, to members who see the message")
  func groupReceipts() async throws {
    try await GatewayFixture.run { fixture in
      let ids = Chat(daybook: fixture.daybook).makeGroup()
      fixture.daybook.state.withLockedValue {
        $0.answers.receipts = ["bob", "carol", "dora"].map {
          Receipt(user: UserID(checked: $0), readAt: Timestamp(milliseconds: $0 == "bob" ? 5 : 0))
        }
      }
      let (bob, _) = try await fixture.live("bob:phone")
      let first = try await reply(
        bob, .receipts, receipts(ids.since, "group/g", limit: 2),
        as: Daybook_V1_ReceiptsReply.self)
      #expect(first.receipts.map(\.user) == ["bob", "carol"] && first.more)
      #expect(first.readCount == 1 && first.unreadCount == 2)
      let rest = try await reply(
        bob, .receipts, receipts(ids.since, "group/g", after: "carol", limit: 2),
        as: Daybook_V1_ReceiptsReply.self)
      #expect(rest.receipts.map(\.user) == ["dora"] && !rest.more)
      #expect(
        fixture.daybook.state.withLockedValue { $0.answers.asked.first } == "group/g 4 alice")
      #expect(try await bob.error(.receipts, receipts(ids.before, "group/g")) == .messageNotFound)
      #expect(
        try await bob.error(.receipts, receipts(MessageID(3), "group/g")) == .messageNotFound)
      let (eve, _) = try await fixture.live("eve:phone")
      #expect(try await eve.error(.receipts, receipts(ids.since, "group/g")) == .notAMember)
      fixture.daybook.state.withLockedValue {
        $0.answers.refusal = DaybookError(.receiptsOff, "too many members")
      }
      #expect(try await bob.error(.receipts, receipts(ids.since, "group/g")) == .receiptsOff)
      fixture.daybook.state.withLockedValue {
        $0.answers.refusal = nil
        $0.streams[Chat.group]!.stays[QueryTests.bob]![0].last = Seq(4)
      }
      #expect(try await bob.error(.receipts, receipts(ids.since, "group/g")) == .notAMember)
    }
  }

  // MARK: history

  private func history(
    _ client: TestClient, _ conversation: String
  ) async throws -> (texts: [String], Daybook_V1_HistoryReply) {
    let found = try await reply(
      client, .history, Daybook_V1_HistoryRequest.with { $0.conversation = conversation },
      as: Daybook_V1_HistoryReply.self)
    var texts: [String] = []
    for bytes in found.events {
      switch try EventDecoding.decode(ByteBuffer(bytes: bytes)).body {
      case .messageSent(let message), .messageCopied(let message, _, _):
        if case .text(let text) = try ContentCoding.show(message.content) { texts.append(text) }
      case .messageTombstone: texts.append("-")
      default: texts.append("?")
      }
    }
    return (texts, found)
  }

  @Test(
    "history shows nothing of what was cleared, what was recalled as gone, and what became of it")
  func clearedHistory() async throws {
    try await GatewayFixture.run { fixture in
      let chat = Chat(daybook: fixture.daybook)
      _ = chat.makeGroup()
      _ = chat.toAlice("one")
      _ = chat.toBob("two")
      let three = chat.toAlice("three")
      let four = chat.toAlice("four")
      let (alice, _) = try await fixture.live("alice:phone")
      #expect(try await history(alice, "user/bob").texts == ["one", "two", "three", "four"])
      fixture.daybook.state.withLockedValue {
        $0.cleared[ConversationKey(mailbox: Chat.alice.user!, peer: QueryTests.bob)] = Seq(3)
        $0.recalls[three] = MessageTombstone(by: QueryTests.bob, at: .none)
        $0.edits[four] = ByteBuffer(string: "an edit's event")
      }
      let (texts, found) = try await history(alice, "user/bob")
      #expect(texts == ["-", "four"])
      #expect(
        found.amendments == [
          .with {
            ($0.messageID, $0.edits) = (four.rawValue, 1)
            $0.edit.append(contentsOf: "an edit's event".utf8)
            $0.reactions = [.with { ($0.reaction, $0.count, $0.own) = ("ok", 2, true) }]
          }
        ])
      #expect(try await history(alice, "group/g").texts == ["before", "since"])
      fixture.daybook.state.withLockedValue {
        let key = ConversationKey(stream: Chat.group, peer: Chat.alice.user)
        $0.cleared[key] = Seq(2)
      }
      #expect(try await history(alice, "group/g").texts == ["since"])
      let (bob, _) = try await fixture.live("bob:phone")
      #expect(try await history(bob, "group/g").texts == ["since"])
    }
  }

  @Test("what was cleared is cut from what is visible")
  func cut() {
    let stays = [SeqInterval(first: Seq(2), last: Seq(5)), SeqInterval(first: Seq(9), last: nil)]
    #expect(VisibleRanges.after(.none, visible: nil) == nil)
    #expect(VisibleRanges.after(.none, visible: stays) == stays)
    #expect(VisibleRanges.after(Seq(1), visible: stays) == stays)
    #expect(
      VisibleRanges.after(Seq(3), visible: nil) == [SeqInterval(first: Seq(4), last: nil)])
    #expect(
      VisibleRanges.after(Seq(3), visible: stays)
        == [SeqInterval(first: Seq(4), last: Seq(5)), stays[1]])
    #expect(VisibleRanges.after(Seq(5), visible: stays) == [stays[1]])
    #expect(
      VisibleRanges.after(Seq(9), visible: stays) == [SeqInterval(first: Seq(10), last: nil)])
  }

  // MARK: groups

  private func group(_ client: TestClient, _ name: String) async throws -> Daybook_V1_GroupReply {
    try await reply(
      client, .group, Daybook_V1_GroupRequest.with { $0.group = name },
      as: Daybook_V1_GroupReply.self)
  }

  @Test("what a group tells of itself depends on who asks")
  func groupProfile() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      var create = Requests.create("g", number: 1)
      (create.title, create.description_p) = ("T", "D")
      (create.joinPolicy, create.historyShown) = (.approval, true)
      _ = try await alice.ask(.createGroup, create)
      let (tablet, _) = try await fixture.live("alice:tablet")
      let (bob, _) = try await fixture.live("bob:phone")
      try await bob.say(.join, Requests.join("g", number: 1))
      _ = try await bob.seqs(of: "group/g", through: 2)
      let (eve, _) = try await fixture.live("eve:phone")
      let service = try await fixture.connect("service:crm")
      fixture.daybook.state.withLockedValue { $0.answers.requests = [UserID(checked: "dora")] }

      let known = Daybook_V1_GroupReply.with {
        ($0.group, $0.title, $0.description_p, $0.joinPolicy) = ("g", "T", "D", .approval)
        ($0.owner, $0.members) = ("alice", 2)
      }
      #expect(try await group(eve, "g") == known)
      var inside = known
      (inside.online, inside.historyShown, inside.creator) = (2, true, "alice")
      inside.membersListed = true
      var operated = inside
      operated.requests = ["dora"]
      #expect(try await group(service, "g") == operated)
      inside.isMember = true
      #expect(try await group(bob, "g") == inside)
      (inside.role, inside.requests) = (.owner, ["dora"])
      for client in [alice, tablet] { #expect(try await group(client, "g") == inside) }
      fixture.daybook.state.withLockedValue {
        $0.streams[Chat.group]!.roles[QueryTests.bob] = .admin
      }
      #expect(try await group(bob, "g").requests == ["dora"])

      let dissolve = Daybook_V1_DissolveRequest.with {
        ($0.context, $0.group) = (Requests.command(8), "g")
      }
      try await alice.say(.dissolve, dissolve)
      _ = try await alice.until(.unfollowed)
      let over = try await group(alice, "g")
      #expect(over.dissolved && !over.isMember && over.online == 0 && over.requests.isEmpty)
    }
  }

  @Test("members come with their roles, a page at a time")
  func members() async throws {
    try await GatewayFixture.run { fixture in
      _ = Chat(daybook: fixture.daybook).makeGroup()
      fixture.daybook.state.withLockedValue {
        $0.streams[Chat.group]!.roles = [Chat.alice.user!: .owner]
      }
      let (bob, _) = try await fixture.live("bob:phone")
      let all = try await reply(
        bob, .members, Daybook_V1_MembersRequest.with { $0.group = "g" },
        as: Daybook_V1_MembersReply.self)
      #expect(all.members == ["alice", "bob"] && all.roles == [.owner, .member] && !all.more)
      let first = try await reply(
        bob, .members, Daybook_V1_MembersRequest.with { ($0.group, $0.limit) = ("g", 1) },
        as: Daybook_V1_MembersReply.self)
      #expect(first.members == ["alice"] && first.roles == [.owner] && first.more)
    }
  }

  // MARK: the own

  @Test("a user's marks, blocked users and devices come in pages, or whole")
  func own() async throws {
    try await GatewayFixture.run { fixture in
      fixture.daybook.state.withLockedValue {
        $0.answers.marks = [
          MarkedConversation(
            conversation: Chat.group, marks: ConversationMarks(isQuiet: true, isUnread: true)),
          MarkedConversation(
            conversation: Chat.aliceBox, marks: ConversationMarks(isPinned: true)),
        ]
        $0.blocked[QueryTests.bob] = Set(["d", "c", "e"].map { UserID(checked: $0) })
        $0.answers.devices = [
          DeviceProfile(
            device: DeviceID(checked: "old"), cursor: Seq(3),
            lastSeen: Timestamp(milliseconds: 9)),
          DeviceProfile(device: DeviceID(checked: "phone"), cursor: Seq(4), lastSeen: .none),
        ]
      }
      let (bob, _) = try await fixture.live("bob:phone")
      func conversations(_ after: String) async throws -> Daybook_V1_ConversationsReply {
        try await reply(
          bob, .conversations,
          Daybook_V1_ConversationsRequest.with { ($0.after, $0.limit) = (after, 1) },
          as: Daybook_V1_ConversationsReply.self)
      }
      let first = try await conversations("")
      #expect(
        first.conversations == [
          .with { ($0.conversation, $0.quiet, $0.unread) = ("group/g", true, true) }
        ])
      #expect(first.more)
      let rest = try await conversations("group/g")
      #expect(
        rest
          == .with {
            $0.conversations = [.with { ($0.conversation, $0.pinned) = ("user/alice", true) }]
          })

      func blocked(_ after: String) async throws -> Daybook_V1_BlockedReply {
        try await reply(
          bob, .blocked, Daybook_V1_BlockedRequest.with { ($0.after, $0.limit) = (after, 2) },
          as: Daybook_V1_BlockedReply.self)
      }
      #expect(try await blocked("") == .with { ($0.users, $0.more) = (["c", "d"], true) })
      #expect(try await blocked("d") == .with { $0.users = ["e"] })

      let devices = try await reply(
        bob, .devices, Daybook_V1_DevicesRequest(), as: Daybook_V1_DevicesReply.self)
      #expect(
        devices.devices == [
          .with { ($0.device, $0.lastSeenMs, $0.cursor) = ("old", 9, 3) },
          .with { ($0.device, $0.online, $0.cursor) = ("phone", true, 4) },
        ])
    }
  }

  @Test("a service has no mailbox to ask about")
  func services() async throws {
    try await GatewayFixture.run { fixture in
      let ids = Chat(daybook: fixture.daybook).makeGroup()
      let service = try await fixture.connect("service:crm")
      let history = Daybook_V1_HistoryRequest.with { $0.conversation = "user/bob" }
      #expect(try await service.error(.history, history) == .notPermitted)
      #expect(
        try await service.error(.receipts, receipts(ids.since, "user/bob")) == .notPermitted)
      #expect(
        try await service.error(.conversations, Daybook_V1_ConversationsRequest())
          == .notPermitted)
      #expect(try await service.error(.blocked, Daybook_V1_BlockedRequest()) == .notPermitted)
      #expect(try await service.error(.devices, Daybook_V1_DevicesRequest()) == .notPermitted)
      #expect(try await service.error(.unread, Daybook_V1_UnreadRequest()) == .notPermitted)
      // Of a group it sees all.
      let found = try await reply(
        service, .receipts, receipts(ids.before, "group/g"), as: Daybook_V1_ReceiptsReply.self)
      #expect(found.receipts.isEmpty)
    }
  }
}

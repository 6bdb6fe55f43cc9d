import DaybookModel
import DaybookSchema
import FoundationEssentials
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("What becomes of a message")
struct AmendmentTests {
  private static let bob = UserID(checked: "bob")
  private static let me = UserID(checked: "me")

  /// Where an amendment stands, and the conversation that it belongs to.
  struct Place: Sendable {
    var stream: String
    var target: MessageTarget
    var conversation: Conversation
  }

  static let places = [
    // Bob's message, in the own mailbox.
    Place(
      stream: "user/me", target: MessageTarget(peer: bob, seq: Seq(4)),
      conversation: .user("bob")),
    // The own message to Bob, as the relay tells of it.
    Place(
      stream: "user/me", target: MessageTarget(peer: bob, seq: .none), conversation: .user("bob")),
    Place(
      stream: "user/me", target: MessageTarget(peer: me, seq: Seq(4)), conversation: .user("me")),
    Place(
      stream: "group/team", target: MessageTarget(peer: nil, seq: Seq(4)),
      conversation: .group("team")),
  ]

  @Test("is told by the message's id and conversation, whoever did it", arguments: places)
  func told(place: Place) {
    let target = place.target
    for by in ["bob", "me"] {
      var server = Peer()
      server.connect()
      server.following(place.stream, cursor: 0, head: 4)
      _ = server.take()
      let bodies: [Event.Body] = [
        .messageRecalled(target), .messageEdited(target, content: ContentCoding.text("new")),
        .reactionAdded(target, "👍"), .reactionRemoved(target, "👍"),
      ]
      for (index, body) in bodies.enumerated() {
        server.event(UInt64(index + 1), body, id: 9, from: by, in: place.stream)
      }
      func reaction(isRemoved: Bool) -> ClientEvent {
        .reaction(
          MessageReaction(
            conversation: place.conversation, messageID: 9, by: by,
            at: Moment(millisecondsSince1970: 1),
            reaction: "👍", isRemoved: isRemoved))
      }
      let taken = server.take()
      #expect(
        taken.events == [
          .recalled(
            MessageRecall(
              conversation: place.conversation, messageID: 9, by: by,
              at: Moment(millisecondsSince1970: 1))),
          .edited(
            MessageEdit(
              conversation: place.conversation, messageID: 9, by: by,
              at: Moment(millisecondsSince1970: 1),
              content: .text("new"))),
          reaction(isRemoved: false), reaction(isRemoved: true),
        ])
      #expect(taken.points == [1, 2, 3, 4])
    }
  }

  private func messages(_ taken: Taken) -> [IncomingMessage] {
    taken.events.compactMap { if case .message(let message) = $0 { message } else { nil } }
  }

  @Test("a message that is gone comes as one, with who recalled it or when it expired")
  func tombstones() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 2)
    server.following("group/team", cursor: 0, head: 1)
    _ = server.take()
    let at = Timestamp(milliseconds: 5)
    server.event(
      1, .messageTombstone(MessageTombstone(by: Self.bob, at: at)), id: 7, from: "bob")
    server.event(
      2, .messageTombstone(MessageTombstone(by: nil, at: at, to: Self.bob, peerSeq: Seq(3))),
      id: 8, from: "me")
    server.event(
      1, .messageTombstone(MessageTombstone(by: Self.me, at: at)), id: 9, from: "bob",
      in: "group/team")
    let told = messages(server.take())
    #expect(told.map(\.id) == [7, 8, 9])
    #expect(told.map(\.conversation) == [.user("bob"), .user("bob"), .group("team")])
    #expect(told.map(\.isOwn) == [false, true, false])
    #expect(
      told.map(\.gone) == [
        .recalled(by: "bob", at: Moment(millisecondsSince1970: 5)),
        .expired(at: Moment(millisecondsSince1970: 5)),
        .recalled(by: "me", at: Moment(millisecondsSince1970: 5)),
      ])
    #expect(told.allSatisfy { $0.content == .bytes(type: "", []) })
  }

  @Test("what few messages have is told with them")
  func extras() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 2)
    _ = server.take()
    let extras = MessageExtras(
      replyTo: MessageID(3), mentions: [Self.me, Self.bob],
      forwarded: Forwarded(
        messageID: MessageID(2), user: Self.bob, recordedAt: Timestamp(milliseconds: 1)),
      expiresAt: Timestamp(milliseconds: 9))
    let message = Message(content: ContentCoding.text("hi"), extras: extras)
    server.event(1, .messageSent(message), id: 7, from: "eve")
    server.event(2, .messageCopied(message, to: Self.bob, peerSeq: Seq(1)), id: 8)
    let told = messages(server.take())
    for one in told {
      #expect(one.replyTo == 3 && one.mentions == ["me", "bob"] && !one.mentionsEveryone)
      #expect(one.forwarded?.messageID == 2 && one.forwarded?.from == "bob")
      #expect(one.expiresAt == Moment(millisecondsSince1970: 9))
    }
    // Whoever mentions themselves needs not be told.
    #expect(told.map(\.mentionsMe) == [true, false])
  }

  @Test("a transient message is told at once and acked never; this device's own isn't told")
  func transient() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    _ = server.take()
    let message = Message(content: ContentCoding.text("now"))
    server.transient(.messageSent(message), from: "bob", device: "phone")
    server.transient(.messageSent(message), from: "eve", device: "phone", in: "group/team")
    server.transient(.messageSent(message), from: "me", device: "laptop", in: "user/bob")
    server.transient(.messageSent(message), from: "me", device: "phone", in: "user/bob")
    server.push(.transient, ByteBuffer(string: "a later version's"))
    let taken = server.take()
    let told = messages(taken)
    #expect(told.map(\.conversation) == [.user("bob"), .group("team"), .user("bob")])
    #expect(told.map(\.isOwn) == [false, false, true])
    #expect(told.allSatisfy { $0.isTransient && $0.id == 0 && $0.seq == 0 })
    #expect(taken.points == [] && taken.reconnect == nil)
  }

  private func encoded(_ id: UInt64, _ body: Event.Body) -> [UInt8] {
    let event = Event(
      stream: StreamKey(checked: "user/me")!, seq: Seq(id), messageID: MessageID(id),
      recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: Self.bob), body: body)
    return Array(EventEncoding.encode(event).readableBytesView)
  }

  @Test("a page of history has messages as they read now")
  func history() throws {
    let target = MessageTarget(peer: Self.bob, seq: Seq(1))
    let at = Timestamp(milliseconds: 5)
    let reply = Daybook_V1_HistoryReply.with {
      for id in 1...2 as ClosedRange<UInt64> {
        let message = Message(content: ContentCoding.text("m\(id)"))
        $0.events.append(.init(encoded(id, .messageSent(message))))
      }
      $0.events.append(
        .init(encoded(3, .messageTombstone(MessageTombstone(by: Self.bob, at: at)))))
      $0.amendments = [
        .with {
          $0.messageID = 1
          $0.edit = .init(
            encoded(1, .messageEdited(target, content: ContentCoding.text("m1 at last"))))
          $0.edits = 2
          $0.reactions = [
            .with {
              $0.reaction = "👍"
              $0.count = 2
              $0.own = true
            }
          ]
        },
        .with {
          $0.messageID = 2
          $0.reactions = [
            .with {
              $0.reaction = "?"
              $0.count = 1
            }
          ]
        },
        .with {
          $0.messageID = 3
          $0.edits = 1
        },
      ]
      $0.more = true
    }
    let page = try HistoryMessages(reply, for: Self.me)
    #expect(page.more && page.messages.map(\.id) == [1, 2, 3])
    #expect(page.messages[0].content == .text("m1 at last") && page.messages[0].edits == 2)
    #expect(page.messages[0].reactions == [.init(reaction: "👍", count: 2, isOwn: true)])
    #expect(page.messages[1].content == .text("m2") && !page.messages[1].isEdited)
    #expect(page.messages[1].reactions == [.init(reaction: "?", count: 1, isOwn: false)])
    #expect(page.messages[2].gone == .recalled(by: "bob", at: Moment(millisecondsSince1970: 5)))
    #expect(!page.messages[2].isEdited && page.messages[2].reactions == [])
  }
}

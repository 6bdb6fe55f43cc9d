import DaybookModel
import DaybookSchema
import NIOCore
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("What becomes of a sent message")
struct DeliveryTests {
  @Test("is told: stored, delivered, read")
  func statuses() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    let bob = UserID(checked: "bob")
    let message = Message(content: ContentCoding.text("hi"))
    server.core.issue(.send(to: .user(bob), message), token: 1)
    server.core.flush()
    server.reply(to: server.take().sequences.last!, .send, id: 77)
    #expect(server.take().answered == [1])
    server.event(1, .messageCopied(message, to: bob), id: 77)
    server.event(2, .messagesDelivered(by: bob, upTo: .message(MessageID(77))))
    server.event(3, .messagesRead(by: bob, upTo: .message(MessageID(79))))
    let taken = server.take()
    #expect(taken.statuses == ["77 delivered", "77 read"])
    #expect(taken.points == [1, 2, 3])
  }

  @Test("is told without a step back where the ack comes after the read")
  func readBeforeAck() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    let bob = UserID(checked: "bob")
    let message = Message(content: ContentCoding.text("hi"))
    server.core.issue(.send(to: .user(bob), message), token: 1)
    server.core.flush()
    server.reply(to: server.take().sequences.last!, .send, id: 77)
    server.event(1, .messageCopied(message, to: bob), id: 77)
    server.event(2, .messagesRead(by: bob, upTo: .message(MessageID(77))))
    server.event(3, .messagesDelivered(by: bob, upTo: .message(MessageID(78))))
    #expect(server.take().statuses == ["77 read"])
  }

  @Test("what lies below where a device began stays stored until it is read")
  func lowerBound() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    let bob = UserID(checked: "bob")
    let message = Message(content: ContentCoding.text("hi"))
    for id in [70, 71, 72] as [UInt64] {
      server.event(id - 69, .messageCopied(message, to: bob), id: id)
    }
    let late = NoticePosition(message: MessageID(72), after: MessageID(71))
    server.event(4, .messagesDelivered(by: bob, upTo: late))
    #expect(server.take().statuses == ["72 delivered"])
    // A copy that is late is as the notice said.
    server.event(5, .messageCopied(message, to: bob), id: 69)
    #expect(server.take().statuses == [])
    server.event(6, .messagesRead(by: bob, upTo: .message(MessageID(71))))
    #expect(server.take().statuses == ["69 read", "70 read", "71 read"])
  }

  @Test("is told after its answer, though they came while that was lost")
  func newsBeforeAnswer() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    let bob = UserID(checked: "bob")
    let message = Message(content: ContentCoding.text("hi"))
    server.core.issue(.send(to: .user(bob), message), token: 1)
    server.core.flush()
    _ = server.take()
    server.core.connectionLost()
    server.connect()
    server.following(cursor: 0, head: 2)
    let sequence = server.take().sequences.last!
    server.event(1, .messageCopied(message, to: bob), id: 77)
    server.event(2, .messagesDelivered(by: bob, upTo: .message(MessageID(77))))
    #expect(server.take().statuses == [])
    server.reply(to: sequence, .send, id: 77, repeated: true)
    let taken = server.take()
    #expect(taken.answered == [1])
    #expect(taken.statuses == ["77 delivered"])
  }

  private let bob = UserID(checked: "bob")
  private let message = Message(content: ContentCoding.text("hi"))

  @Test("a notice covers what was sent before the message that it names, and nothing after it")
  func covered() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    for (seq, id) in [(1, 77), (2, 78), (3, 80)] as [(UInt64, UInt64)] {
      server.event(seq, .messageCopied(message, to: bob), id: id)
    }
    server.event(4, .messagesRead(by: bob, upTo: .message(MessageID(79))))
    #expect(server.take().statuses == ["77 read", "78 read"])
    server.event(5, .messagesDelivered(by: bob, upTo: .message(MessageID(80))))
    #expect(server.take().statuses == ["80 delivered"])
  }

  @Test("of a forwarded one the news are told as of any, of a transient one there are none")
  func otherSends() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    let group = StreamKey.group(GroupID(checked: "team"))
    server.core.issue(
      .forward(to: .user(bob), conversation: group, MessageID(5)), token: 1)
    server.core.issue(
      .send(to: .user(bob), message, SendExtras(isTransient: true)), token: 2)
    server.core.flush()
    let sequences = server.take().sequences.suffix(2)
    server.reply(to: sequences.last!, .send)
    server.reply(to: sequences.first!, .forward, id: 77)
    server.event(1, .messageCopied(message, to: bob), id: 77)
    server.event(2, .messagesRead(by: bob, upTo: .message(MessageID(77))))
    let taken = server.take()
    #expect(taken.answered == [2, 1])
    #expect(taken.statuses == ["77 read"])
  }

  @Test("a transient one is told as pushed, and has no id")
  func pushed() async throws {
    let server = try await ScriptedServer { frame, out in
      guard frame.type == .send else { return }
      out.writeFrame(.send.reply, sequence: frame.sequence) {
        CommandReply(
          messageID: .none, seq: .none, recordedAt: Timestamp(milliseconds: 1),
          durability: CommandReply.notStored, repeated: false, changed: true
        ).write(to: &$0)
      }
    }
    let client = try DaybookClient(
      ClientConfiguration.patient(server))
    try await client.connect()
    let sent = try client.send(
      text: "now", to: .user("bob"), options: SendOptions(isTransient: true))
    #expect(try await sent.stored().messageID == 0)
    #expect(sent.status == .pushed)
    await client.close()
    for await event in client.events {
      guard case .status(let update) = event else { continue }
      #expect(update.messageID == nil && update.status == .pushed)
    }
    try await server.close()
  }
}

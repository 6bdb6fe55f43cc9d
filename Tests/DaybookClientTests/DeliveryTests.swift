import DaybookModel
import DaybookSchema
import NIOCore
import Testing
import WireProtocol

@testable import DaybookClient

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
    server.reply(to: server.take().sequences.last!, .send, id: 77, seq: 4)
    #expect(server.take().answered == [1])
    server.event(1, .messageCopied(message, to: bob, peerSeq: Seq(4)), id: 77)
    server.event(2, .messagesDelivered(by: bob, upToPeerSeq: Seq(4)))
    server.event(3, .messagesRead(by: bob, upToPeerSeq: Seq(9)))
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
    server.reply(to: server.take().sequences.last!, .send, id: 77, seq: 4)
    server.event(1, .messageCopied(message, to: bob, peerSeq: Seq(4)), id: 77)
    server.event(2, .messagesRead(by: bob, upToPeerSeq: Seq(4)))
    server.event(3, .messagesDelivered(by: bob, upToPeerSeq: Seq(5)))
    #expect(server.take().statuses == ["77 read"])
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
    server.event(1, .messageCopied(message, to: bob, peerSeq: Seq(4)), id: 77)
    server.event(2, .messagesDelivered(by: bob, upToPeerSeq: Seq(4)))
    #expect(server.take().statuses == [])
    server.reply(to: sequence, .send, id: 77, seq: 4, repeated: true)
    let taken = server.take()
    #expect(taken.answered == [1])
    #expect(taken.statuses == ["77 delivered"])
  }

  private let bob = UserID(checked: "bob")
  private let message = Message(content: ContentCoding.text("hi"))

  @Test("a message that was withheld is never told as delivered or read, nor what came before it")
  func withheld() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    server.core.issue(.send(to: .user(bob), message), token: 1)
    server.core.flush()
    let sequence = server.take().sequences.last!
    server.event(1, .messageCopied(message, to: bob, peerSeq: .none), id: 77)
    server.reply(to: sequence, .send, id: 77)
    #expect(server.take().answered == [1])
    server.event(2, .messagesDelivered(by: bob, upToPeerSeq: Seq(9)))
    server.event(3, .messagesRead(by: bob, upToPeerSeq: Seq(9)))
    let taken = server.take()
    #expect(taken.statuses == [])
    #expect(taken.points == [2, 3])
  }

  @Test("a withheld copy from another device isn't either, and later messages still are")
  func withheldElsewhere() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    server.event(1, .messageCopied(message, to: bob, peerSeq: .none), id: 77)
    server.event(2, .messagesRead(by: bob, upToPeerSeq: Seq(3)))
    #expect(server.take().statuses == [])
    server.event(3, .messageCopied(message, to: bob, peerSeq: Seq(4)), id: 78)
    server.event(4, .messagesDelivered(by: bob, upToPeerSeq: Seq(4)))
    #expect(server.take().statuses == ["78 delivered"])
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
    server.reply(to: sequences.first!, .forward, id: 77, seq: 4)
    server.event(1, .messageCopied(message, to: bob, peerSeq: Seq(4)), id: 77)
    server.event(2, .messagesRead(by: bob, upToPeerSeq: Seq(4)))
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
      ClientConfiguration(host: "127.0.0.1", port: server.port, token: "t"))
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

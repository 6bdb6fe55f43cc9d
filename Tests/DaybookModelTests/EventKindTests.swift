import DaybookModel
import NIOCore
import Testing

@Suite("Event kinds")
struct EventKindTests {
  @Test("a read takes a seq in a mailbox, where other devices are told, and none in a group")
  func readTakesSeq() {
    #expect(EventKind.read.takesSeq(in: .user))
    #expect(!EventKind.read.takesSeq(in: .group))
  }

  @Test("a message belongs to the conversation of whoever is at its other end")
  func conversations() throws {
    let alice = try UserID("alice")
    let bob = try UserID("bob")
    let message = Message(content: ByteBuffer())
    func event(_ stream: StreamKey, _ body: Event.Body) -> Event {
      Event(stream: stream, recordedAt: .none, actor: Actor(user: alice), body: body)
    }
    let received = event(.user(bob), .messageSent(message))
    #expect(received.conversation == ConversationKey(mailbox: bob, peer: alice))
    let copied = event(.user(alice), .messageCopied(message, to: bob, peerSeq: Seq(1)))
    #expect(copied.conversation == ConversationKey(mailbox: alice, peer: bob))
    let group = try GroupID("g")
    let grouped = event(.group(group), .messageSent(message))
    #expect(grouped.conversation == ConversationKey(group: group))
    #expect(event(.user(bob), .acked(upTo: Seq(1))).conversation == nil)
  }

  @Test("a cause is after another by offset, then by index")
  func causes() {
    let cause = Cause(partition: PartitionID(1), offset: Offset(10), index: 2)
    #expect(cause.isAfter(offset: Offset(9), index: 7))
    #expect(cause.isAfter(offset: Offset(10), index: 1))
    #expect(!cause.isAfter(offset: Offset(10), index: 2))
    #expect(!cause.isAfter(offset: Offset(11), index: 0))
  }
}

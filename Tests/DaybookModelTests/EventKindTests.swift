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

  @Test("clearing takes a seq where reading does")
  func clearTakesSeq() {
    #expect(EventKind.conversationCleared.takesSeq(in: .user))
    #expect(!EventKind.conversationCleared.takesSeq(in: .group))
  }

  @Test("what no client or a group's moderators alone are told takes no seq, all else takes one")
  func seqs() {
    let untold: Set<EventKind> = [
      .acked, .cursorOpened, .noted, .messageWithheld, .sessionOpened, .sessionClosed,
      .amendmentWithheld, .groupCursors, .memberInvited, .joinRequested, .joinRefused,
    ]
    for kind in EventKind.allCases {
      #expect(kind.takesSeq(in: .user) == !untold.contains(kind), "\(kind)")
    }
  }

  @Test("a kind keeps its number, for the log has it, and has a name of its own")
  func numbers() {
    #expect(EventKind.allCases.map(\.rawValue) == Array(16...56))
    #expect(Set(EventKind.allCases.map(\.name)).count == EventKind.allCases.count)
    for kind in EventKind.allCases {
      // `messageSent` is named `message_sent`.
      let words = "\(kind)".flatMap { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }
      #expect(kind.name == String(words))
    }
  }

  @Test("recalls and edits are amendments and no messages")
  func amendments() {
    #expect(EventKind.allCases.filter(\.isAmendment) == [.messageRecalled, .messageEdited])
    #expect(EventKind.allCases.filter(\.isMessage) == [.messageSent, .messageCopied])
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
    #expect(event(.user(bob), .messageWithheld(message)).conversation == nil)
    let target = MessageTarget(peer: alice, seq: Seq(1))
    #expect(event(.user(bob), .messageRecalled(target)).conversation == nil)
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

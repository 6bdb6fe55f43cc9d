import DaybookModel
import NIOCore

/// One mailbox's stream, event by event.
struct MailboxChat {
  let owner = UserID(checked: "zoe")
  private var head: UInt64 = 0
  private var clock = MessageClock()

  /// In turn from ann, from cem, and the copy of one to ann.
  mutating func message(_ index: Int) -> Event {
    let message = Message(content: ByteBuffer(string: "hi"))
    let id = clock.next(now: .none, partition: PartitionID(0))!
    switch index % 3 {
    case 0: return event(.messageSent(message), by: UserID(checked: "ann"), id: id)
    case 1: return event(.messageSent(message), by: UserID(checked: "cem"), id: id)
    default:
      let body = Event.Body.messageCopied(
        message, to: UserID(checked: "ann"), peerSeq: Seq(UInt64(index)))
      return event(body, by: owner, id: id)
    }
  }

  /// Of a message that is sent before whatever comes now, and copied late.
  mutating func reserveID() -> MessageID { clock.next(now: .none, partition: PartitionID(0))! }

  mutating func copy(to peer: String, id: MessageID) -> Event {
    let message = Message(content: ByteBuffer(string: "hi"))
    let body = Event.Body.messageCopied(message, to: UserID(checked: peer), peerSeq: Seq(1))
    return event(body, by: owner, id: id)
  }

  func onPhone(_ body: Event.Body) -> Event {
    Event(
      stream: .user(owner), recordedAt: Timestamp(milliseconds: 1),
      actor: Actor(user: owner, device: DeviceID(checked: "phone")), body: body)
  }

  mutating func own(_ body: Event.Body) -> Event { event(body, by: owner, id: .none) }

  mutating func read(_ peer: String, upTo: Seq) -> Event {
    event(.read(peer: UserID(checked: peer), upTo: upTo), by: owner, id: .none)
  }

  private mutating func event(_ body: Event.Body, by user: UserID, id: MessageID) -> Event {
    head += 1
    return Event(
      stream: .user(owner), seq: Seq(head), messageID: id,
      recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: user), body: body)
  }
}

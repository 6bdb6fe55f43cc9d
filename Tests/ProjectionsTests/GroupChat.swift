import DaybookModel
import NIOCore

/// One group's stream, event by event.
struct GroupChat {
  let group = GroupID(checked: "ubuntu")
  private var head: UInt64 = 0
  private var clock = MessageClock()

  mutating func found(by founder: String, with others: [String]) -> [Event] {
    let created = event(.groupCreated(title: "t"), by: founder)
    return [created] + others.map { event(.memberJoined(UserID(checked: $0)), by: $0) }
  }

  mutating func message(from user: String) -> Event {
    let id = clock.next(now: .none, partition: PartitionID(0))
    return event(.messageSent(Message(content: ByteBuffer(string: "hi"))), by: user, id: id)
  }

  mutating func read(_ user: String, upTo: Seq) -> Event {
    event(.read(peer: nil, upTo: upTo), by: user)
  }

  private mutating func event(
    _ body: Event.Body, by user: String, id: MessageID = .none
  ) -> Event {
    var event = Event(
      stream: .group(group), messageID: id, recordedAt: Timestamp(milliseconds: 1),
      actor: Actor(user: UserID(checked: user)), body: body)
    if event.kind.takesSeq(in: .group) {
      head += 1
      event.seq = Seq(head)
    }
    return event
  }
}

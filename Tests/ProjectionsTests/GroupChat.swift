import DaybookModel
import NIOCore

/// One group's stream, event by event.
struct GroupChat {
  let group: GroupID
  private var head: UInt64 = 0
  private var clock = MessageClock()

  init(_ group: String = "ubuntu") { self.group = GroupID(checked: group) }

  mutating func found(by founder: String, with others: [String]) -> [Event] {
    let created = event(.groupCreated(title: "t"), by: founder)
    return [created] + others.map { event(.memberJoined(UserID(checked: $0)), by: $0) }
  }

  mutating func join(_ user: String) -> Event {
    event(.memberJoined(UserID(checked: user)), by: user)
  }

  mutating func message(from user: String, bytes: Int = 2) -> Event {
    let id = clock.next(now: .none, partition: PartitionID(0))
    let content = ByteBuffer(repeating: UInt8(ascii: "h"), count: bytes)
    return event(.messageSent(Message(content: content)), by: user, id: id)
  }

  mutating func read(_ user: String, upTo: Seq) -> Event {
    event(.read(peer: nil, upTo: upTo), by: user)
  }

  mutating func ack(_ user: String, on device: String, upTo: Seq) -> Event {
    event(.acked(upTo: upTo, senders: []), by: user, on: device)
  }

  private mutating func event(
    _ body: Event.Body, by user: String, on device: String? = nil, id: MessageID = .none
  ) -> Event {
    var event = Event(
      stream: .group(group), messageID: id, recordedAt: Timestamp(milliseconds: 1),
      actor: Actor(user: UserID(checked: user), device: device.map { DeviceID(checked: $0) }),
      body: body)
    if event.kind.takesSeq(in: .group) {
      head += 1
      event.seq = Seq(head)
    }
    return event
  }
}

import DaybookModel
import NIOCore

/// One group's stream, event by event.
struct GroupChat {
  let group: GroupID
  private var head: UInt64 = 0
  private var clock = MessageClock()

  init(_ group: String = "ubuntu") { self.group = GroupID(checked: group) }

  mutating func found(by founder: String, with others: [String]) -> [Event] {
    let created = event(.groupCreated(GroupSettings(title: "t")), by: founder)
    return [created] + others.map { event(.memberJoined(UserID(checked: $0)), by: $0) }
  }

  mutating func join(_ user: String) -> Event {
    event(.memberJoined(UserID(checked: user)), by: user)
  }

  /// Without a successor or role, as older logs have it.
  mutating func leave(_ user: String) -> Event {
    event(.memberLeft(UserID(checked: user)), by: user)
  }

  mutating func changeRole(_ user: String, _ role: Role, by owner: String) -> Event {
    event(.roleChanged(UserID(checked: user), role), by: owner)
  }

  mutating func message(
    from user: String, bytes: Int = 2, expiresAt: Timestamp = .none
  ) -> Event {
    let id = clock.next(now: .none, partition: PartitionID(0))!
    let content = ByteBuffer(repeating: UInt8(ascii: "h"), count: bytes)
    let extras = expiresAt == .none ? nil : MessageExtras(expiresAt: expiresAt)
    return event(.messageSent(Message(content: content, extras: extras)), by: user, id: id)
  }

  mutating func edit(_ message: Event, _ text: String) -> Event {
    let body = Event.Body.messageEdited(
      MessageTarget(peer: nil, seq: message.seq), content: ByteBuffer(string: text))
    return event(body, by: message.actor.user!.text, id: message.messageID)
  }

  mutating func recall(_ message: Event, by user: String) -> Event {
    event(
      .messageRecalled(MessageTarget(peer: nil, seq: message.seq)), by: user,
      id: message.messageID)
  }

  mutating func react(_ message: Event, _ reaction: String, by user: String) -> Event {
    event(
      .reactionAdded(MessageTarget(peer: nil, seq: message.seq), reaction), by: user,
      id: message.messageID)
  }

  mutating func change(title: String, by user: String) -> Event {
    event(.groupChanged(GroupSettings(title: title)), by: user)
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

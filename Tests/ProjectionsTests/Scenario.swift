import DaybookModel
import NIOCore

/// Random chat, recorded as the partitions' owners and relays would: users write to each other
/// and to groups, join, leave, read here and there, ack on several devices.
struct Scenario {
  private var random: SeededGenerator
  private let partitions: Int
  private var heads: [StreamKey: UInt64] = [:]
  private var clocks: [MessageClock]
  private var members: [GroupID: Set<UserID>] = [:]
  private var opened: Set<String> = []
  private var now: UInt64 = 1_700_000_000_000

  let users = ["ann", "bob", "cem", "dee", "a-user-with-a-long-name"].map { UserID(checked: $0) }
  let groups = ["red", "blue"].map { GroupID(checked: $0) }
  let devices = ["phone", "desk"].map { DeviceID(checked: $0) }

  init(seed: UInt64, partitions: Int) {
    random = SeededGenerator(state: seed)
    self.partitions = partitions
    clocks = Array(repeating: MessageClock(), count: partitions)
  }

  /// What one random thing to do comes to: none, one or several events.
  mutating func step() -> [Event] {
    now += UInt64.random(in: 0...3, using: &random)
    let user = users.randomElement(using: &random)!
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<6: return direct(from: user, to: users.randomElement(using: &random)!)
    case 6..<11: return toGroup(from: user)
    case 11..<13: return enterOrLeave(user)
    case 13..<15: return readDirect(user)
    case 15..<17: return readGroup(user)
    default: return ack(user)
    }
  }

  mutating func events(_ steps: Int) -> [Event] {
    var events: [Event] = []
    for _ in 0..<steps { events += step() }
    return events
  }

  private mutating func event(
    _ stream: StreamKey, _ body: Event.Body, by user: UserID?, device: DeviceID? = nil,
    id: MessageID = .none
  ) -> Event {
    var event = Event(
      stream: stream, messageID: id, recordedAt: Timestamp(milliseconds: now),
      actor: Actor(user: user, device: device), body: body)
    if event.kind.takesSeq(in: stream.kind) {
      heads[stream, default: 0] += 1
      event.seq = Seq(heads[stream]!)
    }
    return event
  }

  private mutating func nextID(_ stream: StreamKey) -> MessageID {
    let partition = stream.partition(of: partitions)
    return clocks[partition.index].next(now: Timestamp(milliseconds: now), partition: partition)
  }

  private mutating func direct(from: UserID, to: UserID) -> [Event] {
    let message = Message(content: ByteBuffer(string: "hello"))
    let mailbox = StreamKey.user(to)
    let id = nextID(mailbox)
    let sent = event(mailbox, .messageSent(message), by: from, id: id)
    if from == to { return [sent] }
    let own = StreamKey.user(from)
    clocks[own.partition(of: partitions).index].observe(id)
    let copy = event(own, .messageCopied(message, to: to, peerSeq: sent.seq), by: from, id: id)
    return [sent, copy]
  }

  private mutating func toGroup(from user: UserID) -> [Event] {
    let group = groups.randomElement(using: &random)!
    guard members[group]?.contains(user) == true else { return [] }
    let stream = StreamKey.group(group)
    let message = Message(content: ByteBuffer(string: "hello, all"))
    return [event(stream, .messageSent(message), by: user, id: nextID(stream))]
  }

  private mutating func enterOrLeave(_ user: UserID) -> [Event] {
    let group = groups.randomElement(using: &random)!
    let stream = StreamKey.group(group)
    guard let present = members[group] else {
      members[group] = [user]
      let created = event(stream, .groupCreated(title: "t"), by: user)
      return [created, event(.user(user), .groupJoined(group, at: created.seq), by: nil)]
    }
    if present.contains(user) {
      members[group]?.remove(user)
      let left = event(stream, .memberLeft(user), by: user)
      return [left, event(.user(user), .groupLeft(group, at: left.seq), by: nil)]
    }
    members[group]?.insert(user)
    let joined = event(stream, .memberJoined(user), by: user)
    return [joined, event(.user(user), .groupJoined(group, at: joined.seq), by: nil)]
  }

  private mutating func someSeq(_ stream: StreamKey) -> Seq {
    let head = heads[stream] ?? 0
    let isAtHead = Bool.random(using: &random)
    return Seq(isAtHead ? head : UInt64.random(in: 0...head, using: &random))
  }

  private mutating func readDirect(_ user: UserID) -> [Event] {
    let peer = users.randomElement(using: &random)!
    let upTo = someSeq(.user(user))
    return [event(.user(user), .read(peer: peer, upTo: upTo), by: user)]
  }

  private mutating func readGroup(_ user: UserID) -> [Event] {
    let group = groups.randomElement(using: &random)!
    guard members[group]?.contains(user) == true else { return [] }
    let upTo = someSeq(.group(group))
    return [
      event(.group(group), .read(peer: nil, upTo: upTo), by: user),
      event(.user(user), .groupRead(group, upTo: upTo), by: nil),
    ]
  }

  private mutating func ack(_ user: UserID) -> [Event] {
    let device = devices.randomElement(using: &random)!
    let group = groups.randomElement(using: &random)!
    let inGroup = members[group]?.contains(user) == true && Bool.random(using: &random)
    let stream = inGroup ? StreamKey.group(group) : .user(user)
    let seq = someSeq(stream)
    let body: Event.Body =
      opened.insert("\(stream) \(user) \(device)").inserted
      ? .cursorOpened(cursor: seq) : .acked(upTo: seq, senders: [])
    return [event(stream, body, by: user, device: device)]
  }
}

/// SplitMix64 (Steele, Lea, Flood, 2014), so that a failing sequence can be had again.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

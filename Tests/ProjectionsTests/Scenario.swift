import DaybookModel
import NIOCore

/// Random life of a few users, recorded as the partitions' owners and relays would: they write,
/// read, take back, edit and react, come and go, and do with groups and devices what can be done.
struct Scenario {
  var random: SeededGenerator
  let partitions: Int
  var heads: [StreamKey: UInt64] = [:]
  private var clocks: [MessageClock]
  var now: UInt64 = 1_700_000_000_000
  /// Offsets of causes, which nothing here looks at.
  private var relayed: Int64 = 0

  var sent: [SentMessage] = []
  var rooms: [GroupID: Room] = [:]
  var mailboxes: [UserID: Mailbox] = [:]
  /// Streams and devices whose cursors are open.
  var opened: Set<String> = []
  /// Which one each user's device is to its mailbox.
  var registrations: [String: Seq] = [:]

  let users = ["ann", "bob", "cem", "dee", "a-user-with-a-long-name"].map { UserID(checked: $0) }
  let groups = ["red", "blue", "green"].map { GroupID(checked: $0) }
  let devices = ["phone", "desk"].map { DeviceID(checked: $0) }

  init(seed: UInt64, partitions: Int) {
    random = SeededGenerator(state: seed)
    self.partitions = partitions
    clocks = Array(repeating: MessageClock(), count: partitions)
    for user in users { mailboxes[user] = Mailbox() }
  }

  /// What one random thing to do comes to: none, one or several events.
  mutating func step() -> [Event] {
    now += UInt64.random(in: 0...3, using: &random)
    let user = any(of: users)
    switch Int.random(in: 0..<50, using: &random) {
    case 0..<7: return direct(from: user, to: any(of: users))
    case 7..<17: return toGroup(from: user)
    case 17..<20: return enterOrLeave(user)
    case 20..<23: return govern(user)
    case 23..<25: return readDirect(user)
    case 25..<28: return readGroup(user)
    case 28..<33: return ack(user)
    case 33..<43: return amend(user)
    case 43..<47: return ownMarks(user)
    default: return session(user)
    }
  }

  /// Every group, with some members.
  mutating func opening() -> [Event] {
    var events: [Event] = []
    for group in groups {
      for user in users.shuffled(using: &random).prefix(4) { events += enter(group, user) }
    }
    return events
  }

  mutating func events(_ steps: Int) -> [Event] {
    var events: [Event] = []
    for _ in 0..<steps { events += step() }
    return events
  }

  mutating func any<T>(of choices: [T]) -> T { choices.randomElement(using: &random)! }

  mutating func oneIn(_ times: Int) -> Bool { Int.random(in: 0..<times, using: &random) == 0 }

  mutating func event(
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

  /// The same as the relay writes it.
  mutating func relay(
    _ stream: StreamKey, _ body: Event.Body, by user: UserID? = nil, id: MessageID = .none
  ) -> Event {
    var event = event(stream, body, by: user, id: id)
    relayed += 1
    event.cause = Cause(partition: PartitionID(0), offset: Offset(relayed), index: 0)
    return event
  }

  mutating func nextID(_ stream: StreamKey) -> MessageID {
    let partition = stream.partition(of: partitions)
    return clocks[partition.index].next(now: Timestamp(milliseconds: now), partition: partition)!
  }

  mutating func observe(_ id: MessageID, in stream: StreamKey) {
    clocks[stream.partition(of: partitions).index].observe(id)
  }

  mutating func someSeq(_ stream: StreamKey) -> Seq {
    let head = heads[stream] ?? 0
    let isAtHead = Bool.random(using: &random)
    return Seq(isAtHead ? head : UInt64.random(in: 0...head, using: &random))
  }

  // MARK: Messages

  private mutating func direct(from: UserID, to: UserID) -> [Event] {
    let message = Message(content: ByteBuffer(string: "hello"), extras: extras())
    let (mailbox, own) = (StreamKey.user(to), StreamKey.user(from))
    let id = nextID(mailbox)
    if mailboxes[to]!.blocked.contains(from) {
      // Hidden from the sender, whose copy is as any other.
      observe(id, in: own)
      let withheld = [
        event(mailbox, .messageWithheld(message), by: from, id: id),
        relay(own, .messageCopied(message, to: to), by: from, id: id),
      ]
      guard oneIn(2) else { return withheld }
      let content = ByteBuffer(string: "hello again")
      let target = MessageTarget(peer: to, seq: .none)
      let edited = WithheldAmendment(by: from, .edited(content))
      return withheld + [
        event(mailbox, .amendmentWithheld(edited), by: from, id: id),
        relay(own, .messageEdited(target, content: content), by: from, id: id),
      ]
    }
    let original = event(mailbox, .messageSent(message), by: from, id: id)
    sent.append(SentMessage(original))
    if from == to { return [original] }
    mailboxes[to]!.undelivered.append((original.seq, from, id))
    mailboxes[to]!.received.append((original.seq, from, id))
    observe(id, in: own)
    // Older servers named the seq.
    let body = Event.Body.messageCopied(
      message, to: to, peerSeq: oneIn(4) ? original.seq : .none)
    return [original, relay(own, body, by: from, id: id)]
  }

  private mutating func toGroup(from user: UserID) -> [Event] {
    let group = any(of: groups)
    guard rooms[group]?.maySpeak(user) == true else { return [] }
    let stream = StreamKey.group(group)
    let message = Message(content: ByteBuffer(string: "hello, all"), extras: extras())
    let event = event(stream, .messageSent(message), by: user, id: nextID(stream))
    sent.append(SentMessage(event))
    return [event]
  }

  private mutating func extras() -> MessageExtras? {
    guard oneIn(2) else { return nil }
    // Somebody twice, the sender, strangers: whoever was written.
    let mentions = (0..<Int.random(in: 0...3, using: &random)).map { _ in any(of: users) }
    let expiresAt = oneIn(3) ? now + UInt64.random(in: 1...150, using: &random) : 0
    return MessageExtras(
      replyTo: sent.randomElement(using: &random)?.id ?? .none, mentions: mentions,
      mentionsEveryone: oneIn(4), expiresAt: Timestamp(milliseconds: expiresAt))
  }

  // MARK: Amendments

  private mutating func amend(_ user: UserID) -> [Event] {
    // Mostly what was said last, so that much happens to some messages.
    let some = oneIn(4) ? sent.indices : sent.indices.suffix(6)
    guard let at = some.randomElement(using: &random), !sent[at].isRecalled else { return [] }
    let message = sent[at]
    let user = oneIn(2) ? message.author : user
    guard takesPart(user, in: message) else { return [] }
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      let isModerator = message.stream.groupID.flatMap { rooms[$0]?.roles[user]?.isModerator }
      guard user == message.author || isModerator == true else { return [] }
      sent[at].isRecalled = true
      return amendment(of: message, by: user) { .messageRecalled($0) }
    case 1...4:
      guard user == message.author, maySpeak(user, message) else { return [] }
      let content = ByteBuffer(string: "edited \(now)")
      return amendment(of: message, by: user) { .messageEdited($0, content: content) }
    default:
      let reaction = any(of: ["\u{e9}", "e\u{301}"])
      if let found = sent[at].reactions.firstIndex(where: {
        $0.0 == user && ByteEquality.of($0.1, reaction)
      }) {
        sent[at].reactions.remove(at: found)
        return amendment(of: message, by: user) { .reactionRemoved($0, reaction) }
      }
      guard maySpeak(user, message) else { return [] }
      sent[at].reactions.append((user, reaction))
      return amendment(of: message, by: user) { .reactionAdded($0, reaction) }
    }
  }

  private func takesPart(_ user: UserID, in message: SentMessage) -> Bool {
    if let group = message.stream.groupID { return rooms[group]!.isMember(user) }
    return user == message.author || message.stream == .user(user)
  }

  private func maySpeak(_ user: UserID, _ message: SentMessage) -> Bool {
    if let group = message.stream.groupID { return rooms[group]!.maySpeak(user) }
    return !mailboxes[UserID(checked: message.stream.id)]!.blocked.contains(user)
  }

  /// In the stream of the original, and as a copy with its author.
  private mutating func amendment(
    of message: SentMessage, by user: UserID, _ body: (MessageTarget) -> Event.Body
  ) -> [Event] {
    let peer = message.stream.kind == .group ? nil : message.author
    let target = MessageTarget(peer: peer, seq: message.seq)
    let first = event(message.stream, body(target), by: user, id: message.id)
    guard let peer, message.stream != .user(peer) else { return [first] }
    let owner = UserID(checked: message.stream.id)
    let isHidden = first.kind != .messageRecalled && first.kind != .reactionRemoved
    if isHidden, mailboxes[peer]!.blocked.contains(user) {
      return [first, relay(.user(peer), .noted)]
    }
    let copied = body(MessageTarget(peer: owner, seq: .none))
    return [first, relay(.user(peer), copied, by: user, id: message.id)]
  }
}

/// A message that something can still be done about.
struct SentMessage {
  let stream: StreamKey
  let seq: Seq
  let id: MessageID
  let author: UserID
  var isRecalled = false
  var reactions: [(UserID, String)] = []

  init(_ event: Event) {
    stream = event.stream
    seq = event.seq
    id = event.messageID
    author = event.actor.user!
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

import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// A Daybook without a log: decides on the caller's thread, and commits one event at a time. Just
/// enough of the rules for a gateway to be tested against.
final class MemoryDaybook: Commands, CommittedBatches, TokenCheck, WallClock {
  struct Stream {
    var events: [StreamEvent] = []
    var cursors: [String: Seq] = [:]
    var registrations: [String: Seq] = [:]
    var stays: [UserID: [SeqInterval]] = [:]
    var roles: [UserID: Role] = [:]
    var settings = GroupSettings(title: "")
    var dissolvedAt: Seq?
    var head: Seq { Seq(UInt64(events.count)) }
  }

  struct State {
    var streams: [StreamKey: Stream] = [:]
    var groups: [UserID: [GroupID]] = [:]
    var blocked: [UserID: Set<UserID>] = [:]
    /// Whom each user has written to.
    var contacts: [UserID: Set<UserID>] = [:]
    /// By who cleared and the conversation.
    var cleared: [ConversationKey: Seq] = [:]
    var consumers: [any BatchConsumer] = []
    var lastID: UInt64 = 1000
    var acks: [Seq] = []
    /// All that came, in order.
    var commands: [Command] = []
    /// What every command with a number is refused with.
    var refusal: DaybookError?
    /// What every ack is refused with.
    var ackRefusal: DaybookError?
    /// What the opening of a group is refused with.
    var openingRefusal: DaybookError?
    /// What every such command answers, if not what was done.
    var answer: CommandResult?
    /// Senders get copies, as the relay would write them.
    var copiesSends = false
    var answersTwice = false
    var holdsSends = false
    var holdsOpenings = false
    var holdsContacts = false
    var held: [PendingCommand] = []
    /// Pages and messages wait here while they are held.
    var holdsPages = false
    var heldPages: [CheckedContinuation<Void, Never>] = []
    var observed: [MessageID] = []
    var recalls: [MessageID: MessageTombstone] = [:]
    var edits: [MessageID: ByteBuffer] = [:]
    /// By the mailbox's owner.
    var withheld: [UserID: [StreamEvent]] = [:]
    var answers = MemoryAnswers()
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    /// A good token is known to be that without waiting.
    var checksAtOnce = true
    /// Of every token.
    var expiresAt = Timestamp(milliseconds: 1_900_000_000_000)
    /// By the mailbox in which it stands.
    var revoked: [StreamKey: [Revocation]] = [:]
    var holdsTokenChecks = false
  }

  let state = NIOLockedValueBox(State())
  let partitionCount = 4

  func now() -> Timestamp { state.withLockedValue { $0.now } }

  func subscribe(_ consumer: any BatchConsumer) {
    state.withLockedValue { $0.consumers.append(consumer) }
  }

  func checkAtOnce(_ token: String) -> CheckedToken? {
    guard state.withLockedValue({ $0.checksAtOnce }) else { return nil }
    return try? checked(token)
  }

  func check(_ token: String) async throws(DaybookError) -> CheckedToken { try checked(token) }

  /// `user:device` or `service:service`, and what may follow: `#` and the token's id, `@` and the class.
  private func checked(_ token: String) throws(DaybookError) -> CheckedToken {
    let classed = token.split(separator: "@")
    let named = (classed.first ?? "").split(separator: "#")
    return CheckedToken(
      try MemoryDaybook.principal(of: String(named.first ?? "")),
      expiresAt: state.withLockedValue { $0.expiresAt },
      stamp: TokenStamp(
        issuedAt: Timestamp(milliseconds: 1_000), id: named.count > 1 ? String(named[1]) : ""),
      deviceClass: classed.count > 1 ? DeviceClass(checked: String(classed[1])) : nil)
  }

  private static func principal(of token: String) throws(DaybookError) -> Principal {
    let parts = token.split(separator: ":").map(String.init)
    switch parts.first {
    case "expired": throw DaybookError(.expiredToken, "get a new token")
    case "foreign": throw DaybookError(.foreignToken, "of another server")
    case "service": return .service(ServiceID(checked: parts[1]))
    default:
      guard parts.count == 2 else { throw DaybookError(.invalidToken, "this is no token") }
      return .device(try UserID(parts[0]), try DeviceID(parts[1]))
    }
  }

  // MARK: commands

  func submit(_ commands: [PendingCommand], to partition: PartitionID) {
    for pending in commands {
      let isHeld = state.withLockedValue { state in
        state.commands.append(pending.command)
        let isHeld =
          switch pending.command.body {
          case .send: state.holdsSends
          case .openCursor: state.holdsOpenings
          case .inspectContact: state.holdsContacts
          case .checkToken: state.holdsTokenChecks
          default: false
          }
        if isHeld { state.held.append(pending) }
        return isHeld
      }
      if !isHeld { answer(pending) }
    }
  }

  func release() {
    let held = state.withLockedValue { state in
      defer { state.held = [] }
      state.holdsSends = false
      state.holdsOpenings = false
      state.holdsContacts = false
      state.holdsTokenChecks = false
      return state.held
    }
    for pending in held { answer(pending) }
  }

  func releasePages() {
    let held = state.withLockedValue { state in
      defer { state.heldPages = [] }
      state.holdsPages = false
      return state.heldPages
    }
    for page in held { page.resume() }
  }

  private func answer(_ pending: PendingCommand) {
    let outcome = Result { () throws(DaybookError) in try respond(to: pending.command) }
    let answers = [CommandAnswer(token: pending.token, outcome: outcome)]
    pending.receiver.receive(answers, covering: nil)
    if state.withLockedValue({ $0.answersTwice }) {
      pending.receiver.receive(answers, covering: nil)
    }
  }

  private func respond(to command: Command) throws(DaybookError) -> CommandOutcome {
    let (refusal, answer) = state.withLockedValue { ($0.refusal, $0.answer) }
    guard command.id != nil else { return try decide(command) }
    if let refusal { throw refusal }
    if let answer { return .done(answer) }
    return try decide(command)
  }

  private func decide(_ command: Command) throws(DaybookError) -> CommandOutcome {
    var outcome = CommandResult(recordedAt: now())
    switch command.body {
    case .refused(let reason): throw reason
    case .send(let message): try send(message, command, &outcome)
    case .sendTransient:
      if command.stream.kind == .group { try requireMember(command.actor.user, command.stream) }
      outcome.isStored = false
    case .ack(let upTo, _): try ack(command, upTo)
    case .ackGroups(let cursors, let registration):
      for position in cursors {
        let ack = Command(
          stream: .group(position.group), actor: command.actor, id: nil,
          body: .ack(upTo: position.upTo, registration: registration))
        try self.ack(ack, position.upTo)
      }
    case .checkToken(let token): try requireGood(token, command)
    case .openCursor, .inspect:
      if case .openCursor(_, _, let token?) = command.body { try requireGood(token, command) }
      if command.stream.kind == .group, let user = command.actor.user {
        if case .openCursor = command.body {
          try requireFollower(user, command.stream)
        } else {
          try requireStay(user, command.stream)
        }
      }
      return .position(position(command))
    case .inspectContact: try requireContact(command)
    case .createGroup, .join, .leave, .dissolve: decideGroup(command, &outcome)
    case .block, .forgetDevice, .recall, .edit, .clear: decideMore(command, &outcome)
    default: break
    }
    return .done(outcome)
  }

  private func requireGood(_ token: TokenStamp, _ command: Command) throws(DaybookError) {
    let revoked = state.withLockedValue { $0.revoked[command.stream] ?? [] }
    if revoked.contains(where: { $0.covers(token, of: command.actor.device) }) {
      throw .tokenIsRevoked
    }
  }

  /// As its owner would log it.
  func revoke(_ revoked: Revocation, of holder: String, isTold: Bool = true) {
    let stream = StreamKey.user(UserID(checked: holder))
    state.withLockedValue { $0.revoked[stream, default: []].append(revoked) }
    append(
      stream, Actor(service: ServiceID(checked: "ops")), .tokensRevoked(revoked), isTold: isTold)
  }

  private func send(
    _ message: Message, _ command: Command, _ outcome: inout CommandResult
  ) throws(DaybookError) {
    state.withLockedValue { $0.observed.append(command.observed) }
    if command.stream.kind == .group { try requireMember(command.actor.user, command.stream) }
    (outcome.seq, outcome.messageID) = append(
      command.stream, command.actor, .messageSent(message))
    guard let sender = command.actor.user, let receiver = command.stream.userID else { return }
    let copies = state.withLockedValue { state in
      state.contacts[sender, default: []].insert(receiver)
      return state.copiesSends
    }
    guard copies, receiver != sender else { return }
    append(
      .user(sender), command.actor, .messageCopied(message, to: receiver),
      messageID: outcome.messageID)
  }

  private func decideGroup(_ command: Command, _ outcome: inout CommandResult) {
    guard let user = command.actor.user else { return }
    switch command.body {
    case .createGroup(let settings):
      (outcome.seq, _) = append(command.stream, command.actor, .groupCreated(settings))
      state.withLockedValue {
        $0.streams[command.stream]?.settings = settings
        $0.streams[command.stream]?.roles[user] = .owner
      }
      enter(user, command.stream, outcome.seq)
    case .join:
      (outcome.seq, _) = append(command.stream, command.actor, .memberJoined(user))
      enter(user, command.stream, outcome.seq)
    case .leave:
      (outcome.seq, _) = append(command.stream, command.actor, .memberLeft(user))
      exit(user, command.stream, outcome.seq)
    default:
      (outcome.seq, _) = append(command.stream, command.actor, .groupDissolved)
      let seq = outcome.seq
      state.withLockedValue { state in
        state.streams[command.stream]?.dissolvedAt = seq
        for (user, stays) in state.streams[command.stream]?.stays ?? [:]
        where stays.last?.last == nil {
          state.streams[command.stream]!.stays[user]![stays.count - 1].last = seq
        }
      }
    }
  }

  private func decideMore(_ command: Command, _ outcome: inout CommandResult) {
    let (stream, actor) = (command.stream, command.actor)
    switch command.body {
    case .block(let other, let on):
      state.withLockedValue {
        if on {
          $0.blocked[actor.user!, default: []].insert(other)
        } else {
          $0.blocked[actor.user!]?.remove(other)
        }
      }
      (outcome.seq, _) = append(stream, actor, on ? .userBlocked(other) : .userUnblocked(other))
    case .forgetDevice(let device):
      state.withLockedValue {
        $0.streams[stream]?.cursors["\(actor.user!)/\(device)"] = nil
      }
      (outcome.seq, _) = append(stream, actor, .deviceForgotten(device))
    case .recall(let target):
      let tombstone = MessageTombstone(by: actor.user, at: now())
      state.withLockedValue { $0.recalls[target.messageID] = tombstone }
      let peer = stream.kind == .user ? target.author : nil
      (outcome.seq, _) = append(
        stream, actor, .messageRecalled(MessageTarget(peer: peer, seq: target.seq)),
        messageID: target.messageID)
    case .edit(let target, let content):
      let peer = stream.kind == .user ? target.author : nil
      let body = Event.Body.messageEdited(
        MessageTarget(peer: peer, seq: target.seq), content: content)
      (outcome.seq, _) = append(stream, actor, body, messageID: target.messageID)
      let last = state.withLockedValue { $0.streams[stream]!.events.last! }
      state.withLockedValue { $0.edits[target.messageID] = last.bytes }
    case .clear(let peer, let upTo):
      let key = ConversationKey(stream: stream, peer: peer ?? actor.user)
      state.withLockedValue { $0.cleared[key] = upTo }
    default: break
    }
  }

  private func ack(_ command: Command, _ upTo: Seq) throws(DaybookError) {
    let device = MemoryDaybook.key(command.actor)
    let refusal: DaybookError? = state.withLockedValue { state in
      if let refusal = state.ackRefusal { return refusal }
      guard let stream = state.streams[command.stream], let cursor = stream.cursors[device] else {
        return DaybookError(.unknownDevice, "this device does not follow \(command.stream)")
      }
      guard upTo <= stream.head else {
        return DaybookError(.logRolledBack, "\(command.stream) ends at \(stream.head)")
      }
      state.streams[command.stream]?.cursors[device] = max(cursor, upTo)
      state.acks.append(upTo)
      return nil
    }
    if let refusal { throw refusal }
  }

  private func enter(_ user: UserID, _ stream: StreamKey, _ seq: Seq) {
    state.withLockedValue {
      $0.streams[stream]!.stays[user, default: []].append(SeqInterval(first: seq, last: nil))
      $0.groups[user, default: []].append(stream.groupID!)
    }
    _ = append(.user(user), Actor(user: user), .groupJoined(stream.groupID!, at: seq))
  }

  private func exit(_ user: UserID, _ stream: StreamKey, _ seq: Seq) {
    state.withLockedValue { state in
      let last = state.streams[stream]!.stays[user]!.count - 1
      state.streams[stream]!.stays[user]![last].last = seq
      state.groups[user]?.removeAll { $0 == stream.groupID }
    }
  }

  func announce(_ batch: CommittedBatch) {
    for consumer in state.withLockedValue({ $0.consumers }) { consumer.committed(batch) }
  }

  /// Consumers of this stream's partition may have missed something.
  func interrupt(_ stream: StreamKey) {
    for consumer in state.withLockedValue({ $0.consumers }) {
      consumer.interrupted(stream.partition(of: partitionCount))
    }
  }

  /// Takes the next seq, and tells every consumer, unless that fails. A message gets an id, unless it
  /// has one.
  @discardableResult
  func append(
    _ stream: StreamKey, _ actor: Actor, _ body: Event.Body, messageID: MessageID = .none,
    isTold: Bool = true
  ) -> (Seq, MessageID) {
    let (event, consumers): (Event, [any BatchConsumer]) = state.withLockedValue { state in
      var event = Event(
        stream: stream, seq: state.streams[stream, default: Stream()].head.next,
        messageID: messageID, recordedAt: state.now, actor: actor, body: body)
      if event.kind.isMessage, messageID == .none {
        state.lastID += 1
        event.messageID = MessageID(state.lastID)
      }
      state.streams[stream, default: Stream()].events.append(
        StreamEvent(
          seq: event.seq, messageID: event.messageID, bytes: EventEncoding.encode(event)))
      return (event, state.consumers)
    }
    var bytes = ByteBuffer()
    let slot = EventEncoding.append(event, to: &bytes, bodyStart: 0)
    let batch = CommittedBatch(
      partition: stream.partition(of: partitionCount), baseOffset: .zero, nextOffset: Offset(1),
      count: 1, lastRecordedAt: now(), body: bytes, slots: [slot])
    if isTold { for consumer in consumers { consumer.committed(batch) } }
    return (event.seq, event.messageID)
  }
}

// MARK: who may, and what they see

extension MemoryDaybook {
  private func requireMember(_ user: UserID?, _ stream: StreamKey) throws(DaybookError) {
    let stays = state.withLockedValue { $0.streams[stream]?.stays[user!] }
    guard let last = stays?.last, last.last == nil else {
      throw DaybookError(.notAMember, "join it first")
    }
  }

  private func requireFollower(_ user: UserID, _ stream: StreamKey) throws(DaybookError) {
    if let refusal = state.withLockedValue({ $0.openingRefusal }) { throw refusal }
    let (stays, end) = state.withLockedValue {
      ($0.streams[stream]?.stays[user], $0.streams[stream]?.dissolvedAt)
    }
    if let end, stays?.last?.last == end { return }
    try requireMember(user, stream)
  }

  private func requireStay(_ user: UserID, _ stream: StreamKey) throws(DaybookError) {
    let known = state.withLockedValue { $0.streams[stream] }
    guard let known else { throw DaybookError(.groupNotFound, "create it first") }
    guard known.stays[user] != nil else { throw DaybookError(.notAMember, "join it first") }
  }

  private func requireContact(_ command: Command) throws(DaybookError) {
    guard let owner = command.stream.userID, let asker = command.actor.user else { return }
    let allowed = state.withLockedValue {
      $0.contacts[owner]?.contains(asker) == true && $0.blocked[owner]?.contains(asker) != true
    }
    guard allowed else { throw DaybookError(.notPermitted, "they have not written to you") }
  }

  private static func key(_ actor: Actor) -> String {
    "\(actor.user?.text ?? "")/\(actor.device?.text ?? "")"
  }

  private func position(_ command: Command) -> StreamPosition {
    state.withLockedValue { state in
      let stream = state.streams[command.stream, default: Stream()]
      let key = MemoryDaybook.key(command.actor)
      let known = stream.cursors[key]
      let user = command.actor.user
      let stays = user.flatMap { stream.stays[$0] } ?? [SeqInterval(first: Seq(1), last: nil)]
      let first = Seq(stays.last!.first.rawValue - 1)
      var cleared = Seq.none
      var reached = Seq.none
      if case .openCursor(_, let mailbox, _) = command.body { reached = mailbox.cursor }
      if case .openCursor = command.body, known == nil {
        state.streams[command.stream, default: Stream()].cursors[key] = first
        state.streams[command.stream]?.registrations[key] = stream.head.next
      }
      if case .inspect(let peer) = command.body, let about = peer ?? user {
        cleared = state.cleared[ConversationKey(stream: command.stream, peer: about)] ?? .none
      }
      let isMailbox = command.stream.kind == .user
      return StreamPosition(
        cursor: max(known ?? first, reached), head: stream.head, resumed: known != nil,
        registration: state.streams[command.stream]?.registrations[key] ?? .none, visible: stays,
        groups: isMailbox ? state.groups[user!] ?? [] : [],
        blocked: isMailbox ? Array(state.blocked[user!] ?? []) : [], cleared: cleared,
        role: isMailbox ? nil : user.map { stream.roles[$0] ?? .member })
    }
  }
}

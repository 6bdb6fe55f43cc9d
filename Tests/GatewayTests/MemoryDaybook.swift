import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// A Daybook without a log: decides on the caller's thread, and commits one event at a time. Just
/// enough of the rules for a gateway to be tested against.
final class MemoryDaybook: Commands, CommittedBatches, Queries, TokenCheck, WallClock {
  struct Stream {
    var events: [StreamEvent] = []
    var cursors: [String: Seq] = [:]
    var stays: [UserID: [SeqInterval]] = [:]
    var head: Seq { Seq(UInt64(events.count)) }
  }

  struct State {
    var streams: [StreamKey: Stream] = [:]
    var groups: [UserID: [GroupID]] = [:]
    var consumers: [any BatchConsumer] = []
    var lastID: UInt64 = 1000
    var acks: [Seq] = []
    var holdsSends = false
    var holdsOpenings = false
    var held: [PendingCommand] = []
    /// Pages wait here while they are held.
    var holdsPages = false
    var heldPages: [CheckedContinuation<Void, Never>] = []
    var observed: [MessageID] = []
    var unread: [UnreadCount] = []
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    /// Of every token.
    var expiresAt = Timestamp(milliseconds: 1_900_000_000_000)
  }

  let state = NIOLockedValueBox(State())
  let partitionCount = 4

  func now() -> Timestamp { state.withLockedValue { $0.now } }

  func subscribe(_ consumer: any BatchConsumer) {
    state.withLockedValue { $0.consumers.append(consumer) }
  }

  func check(_ token: String) async throws(DaybookError) -> CheckedToken {
    CheckedToken(
      try MemoryDaybook.principal(of: token), expiresAt: state.withLockedValue { $0.expiresAt })
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
        let isHeld =
          switch pending.command.body {
          case .send: state.holdsSends
          case .openCursor: state.holdsOpenings
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
    let outcome = Result { () throws(DaybookError) in try decide(pending.command) }
    pending.receiver.receive([CommandAnswer(token: pending.token, outcome: outcome)])
  }

  private func decide(_ command: Command) throws(DaybookError) -> CommandOutcome {
    let user = command.actor.user
    var outcome = CommandOutcome(recordedAt: now())
    switch command.body {
    case .send(let message):
      state.withLockedValue { $0.observed.append(command.observed) }
      if command.stream.kind == .group { try requireMember(user, command.stream) }
      (outcome.seq, outcome.messageID) = append(
        command.stream, command.actor, .messageSent(message))
    case .ack(let upTo): try ack(command, upTo)
    case .createGroup(let title):
      (outcome.seq, _) = append(command.stream, command.actor, .groupCreated(title: title))
      enter(user!, command.stream, outcome.seq)
    case .join:
      (outcome.seq, _) = append(command.stream, command.actor, .memberJoined(user!))
      enter(user!, command.stream, outcome.seq)
    case .leave:
      (outcome.seq, _) = append(command.stream, command.actor, .memberLeft(user!))
      let seq = outcome.seq
      state.withLockedValue { state in
        let last = state.streams[command.stream]!.stays[user!]!.count - 1
        state.streams[command.stream]!.stays[user!]![last].last = seq
        state.groups[user!]?.removeAll { $0 == command.stream.groupID }
      }
    case .openCursor, .inspect:
      if command.stream.kind == .group, user != nil {
        if case .openCursor = command.body {
          try requireMember(user, command.stream)
        } else {
          try requireStay(user!, command.stream)
        }
      }
      outcome.position = position(command)
    case .read: break
    }
    return outcome
  }

  private func ack(_ command: Command, _ upTo: Seq) throws(DaybookError) {
    let device = MemoryDaybook.key(command.actor)
    let refusal: DaybookError? = state.withLockedValue { state in
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

  private func requireMember(_ user: UserID?, _ stream: StreamKey) throws(DaybookError) {
    let stays = state.withLockedValue { $0.streams[stream]?.stays[user!] }
    guard let last = stays?.last, last.last == nil else {
      throw DaybookError(.notAMember, "join it first")
    }
  }

  private func requireStay(_ user: UserID, _ stream: StreamKey) throws(DaybookError) {
    guard state.withLockedValue({ $0.streams[stream]?.stays[user] }) != nil else {
      throw DaybookError(.notAMember, "join it first")
    }
  }

  private static func key(_ actor: Actor) -> String {
    "\(actor.user?.text ?? "")/\(actor.device?.text ?? "")"
  }

  private func position(_ command: Command) -> StreamPosition {
    state.withLockedValue { state in
      let stream = state.streams[command.stream, default: Stream()]
      let known = stream.cursors[MemoryDaybook.key(command.actor)]
      let user = command.actor.user
      let stays = user.flatMap { stream.stays[$0] } ?? [SeqInterval(first: Seq(1), last: nil)]
      let first = Seq(stays.last!.first.rawValue - 1)
      if case .openCursor = command.body, known == nil {
        state.streams[command.stream, default: Stream()]
          .cursors[MemoryDaybook.key(command.actor)] = first
      }
      return StreamPosition(
        cursor: known ?? first, head: stream.head, resumed: known != nil, visible: stays,
        groups: command.stream.kind == .user ? state.groups[user!] ?? [] : [])
    }
  }

  /// Takes the next seq, and tells every consumer.
  @discardableResult
  func append(_ stream: StreamKey, _ actor: Actor, _ body: Event.Body) -> (Seq, MessageID) {
    let (event, consumers): (Event, [any BatchConsumer]) = state.withLockedValue { state in
      var event = Event(
        stream: stream, seq: state.streams[stream, default: Stream()].head.next,
        recordedAt: state.now, actor: actor, body: body)
      if event.kind.isMessage {
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
    for consumer in consumers { consumer.committed(batch) }
    return (event.seq, event.messageID)
  }

  // MARK: queries

  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, visible: [SeqInterval]?
  ) async throws -> HistoryPage {
    let events = state.withLockedValue { $0.streams[conversation.stream]?.events ?? [] }
    let seen = events.filter { event in
      event.messageID != .none && visible?.contains { $0.contains(event.seq) } ?? true
    }
    return HistoryPage(
      messages: seen.suffix(limit).map { StoredEvent(offset: .zero, bytes: $0.bytes) },
      more: seen.count > limit)
  }

  func unread(of user: UserID) async throws -> [UnreadCount] {
    state.withLockedValue { $0.unread }
  }

  func members(of group: GroupID, after: UserID?, limit: Int) async throws -> [UserID] {
    let stays = state.withLockedValue { $0.streams[.group(group)]?.stays ?? [:] }
    let members = stays.filter { $0.value.last?.last == nil }.keys.sorted()
    return Array(members.filter { member in after.map { member > $0 } ?? true }.prefix(limit))
  }

  func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int, bytesMax: Int
  ) async throws -> [StreamEvent] {
    await withCheckedContinuation { page in
      let isHeld = state.withLockedValue { state in
        if state.holdsPages { state.heldPages.append(page) }
        return state.holdsPages
      }
      if !isHeld { page.resume() }
    }
    let events = state.withLockedValue { $0.streams[stream]?.events ?? [] }
    var bytes = 0
    let page = events.filter { $0.seq >= first && $0.seq <= last }.prefix(limit).prefix { event in
      let isFirst = bytes == 0
      bytes += event.bytes.readableBytes
      return isFirst || bytes <= bytesMax
    }
    return Array(page)
  }
}

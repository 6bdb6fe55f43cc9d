package import DaybookModel
import DaybookSchema
import NIOCore

/// Random events of every kind, from a seed: the same in every run.
package struct SampleEvents {
  private var random: SplitMix

  package init(seed: UInt64) { random = SplitMix(state: seed) }

  package mutating func event(_ kind: EventKind) -> Event {
    let stream: StreamKey = chance(2) ? .user(id()) : .group(id())
    return Event(
      stream: stream,
      seq: kind.takesSeq(in: stream.kind) ? Seq(number()) : .none,
      messageID: SampleEvents.withMessageID.contains(kind)
        ? MessageID(number() & .max >> 1) : .none,
      recordedAt: Timestamp(milliseconds: number()),
      actor: Actor(
        user: chance(4) ? nil : id(), device: chance(2) ? nil : id(),
        service: chance(2) ? nil : id()),
      command: chance(2)
        ? nil
        : CommandID(
          origin: origin(), number: number(), digest: UInt32(truncatingIfNeeded: number()),
          isGapless: chance(2),
          refusal: kind == .noted && chance(2) ? UInt32(truncatingIfNeeded: number()) : 0),
      cause: chance(2)
        ? nil
        : Cause(
          partition: PartitionID(Int(random.next() % 1024)),
          offset: Offset(Int64(truncatingIfNeeded: number() >> 1)),
          index: UInt32(truncatingIfNeeded: number())),
      traceID: chance(2)
        ? nil : TraceID((0..<16).map { _ in UInt8.random(in: 1...255, using: &random) }),
      body: body(kind))
  }

  private static let withMessageID: Set<EventKind> = [
    .messageSent, .messageCopied, .messageWithheld, .messageRecalled, .messageEdited,
    .reactionAdded, .reactionRemoved, .messageTombstone, .amendmentWithheld,
  ]

  private mutating func body(_ kind: EventKind) -> Event.Body {
    switch kind {
    case .messageSent: .messageSent(sent())
    case .messageCopied: .messageCopied(message(), to: id(), peerSeq: Seq(number()))
    case .messageWithheld: .messageWithheld(message())
    case .acked: .acked(upTo: Seq(number()), senders: senders(), after: Seq(number()))
    case .read: .read(peer: chance(2) ? nil : id(), upTo: Seq(number()), notice: notice())
    case .messagesDelivered: .messagesDelivered(by: id(), upTo: delivered())
    case .messagesRead: .messagesRead(by: id(), upTo: position())
    case .amendmentWithheld: .amendmentWithheld(WithheldAmendment(by: id(), change()))
    case .cursorOpened: .cursorOpened(cursor: Seq(number()), registration: Seq(number()))
    case .noted: .noted
    case .messageRecalled: .messageRecalled(target())
    case .messageEdited: .messageEdited(target(), content: content())
    case .reactionAdded: .reactionAdded(target(), text())
    case .reactionRemoved: .reactionRemoved(target(), text())
    case .messageTombstone:
      .messageTombstone(
        MessageTombstone(
          by: chance(2) ? nil : id(), at: Timestamp(milliseconds: number()), isEdit: chance(2),
          to: chance(2) ? nil : id(), peerSeq: Seq(number()),
          clientTime: Timestamp(milliseconds: chance(2) ? 0 : number()),
          senderName: chance(2) ? "" : text()))
    case .userBlocked: .userBlocked(id())
    case .userUnblocked: .userUnblocked(id())
    case .conversationMarked:
      .conversationMarked(
        chance(2) ? .user(id()) : .group(id()),
        ConversationMarks(isQuiet: chance(2), isPinned: chance(2), isUnread: chance(2)))
    case .conversationCleared:
      .conversationCleared(peer: chance(2) ? nil : id(), upTo: Seq(number()))
    case .deviceForgotten: .deviceForgotten(id())
    case .sessionOpened:
      .sessionOpened(
        session: text(), client: text(), deviceClass: chance(2) ? "" : text())
    case .tokensRevoked:
      .tokensRevoked(
        Revocation(
          device: chance(2) ? nil : id(), tokenID: chance(2) ? "" : text(),
          issuedUntil: Timestamp(milliseconds: chance(2) ? 0 : number()),
          isOfService: chance(2)))
    case .sessionClosed: .sessionClosed(session: text(), reason: text())
    default: groupBody(kind)
    }
  }

  /// As older servers wrote them, without ids, and as newer ones do.
  private mutating func senders() -> [DeliveredSender] {
    let isOld = chance(2)
    return (0..<random.next() % 4).map { _ in
      DeliveredSender(
        id(), lastMessage: isOld ? .none : MessageID(number()),
        after: isOld || chance(2) ? .none : MessageID(number()))
    }
  }

  private mutating func notice() -> ReadNotice {
    switch random.next() % 3 {
    case 0: .unstated
    case 1: .nobody
    default: .upTo(MessageID(number() | 1))
    }
  }

  private mutating func delivered() -> NoticePosition {
    var position = position()
    if chance(2) { position.after = MessageID(number()) }
    return position
  }

  private mutating func position() -> NoticePosition {
    chance(2) ? .peerSeq(Seq(number())) : .message(MessageID(number()))
  }

  private mutating func change() -> WithheldAmendment.Change {
    switch random.next() % 4 {
    case 0: .recalled
    case 1: .edited(content())
    case 2: .reactionAdded(text())
    default: .reactionRemoved(text())
    }
  }

  private mutating func groupBody(_ kind: EventKind) -> Event.Body {
    switch kind {
    case .groupCreated: .groupCreated(settings())
    case .groupChanged: .groupChanged(settings())
    case .groupDissolved: .groupDissolved
    case .memberJoined: .memberJoined(id(), role: role(), from: Seq(number()))
    case .memberLeft:
      .memberLeft(id(), successor: chance(2) ? nil : id(), through: Seq(number()))
    case .memberInvited: .memberInvited(id(), telling: ids())
    case .joinRequested: .joinRequested(id(), telling: ids())
    case .joinRefused: .joinRefused(id(), telling: ids())
    case .groupCursors:
      .groupCursors((0..<random.next() % 4).map { _ in GroupPosition(id(), upTo: Seq(number())) })
    case .groupWaiting:
      .groupWaiting(id(), id(), Waiting.allCases[Int(random.next() % 3)])
    case .roleChanged: .roleChanged(id(), role())
    case .memberSilenced: .memberSilenced(id(), chance(2))
    case .groupJoined: .groupJoined(id(), at: Seq(number()))
    case .groupLeft: .groupLeft(id(), at: Seq(number()))
    case .groupRead: .groupRead(id(), upTo: Seq(number()), isTold: chance(2))
    case .groupInvited: .groupInvited(id(), at: Seq(number()))
    case .groupRefused: .groupRefused(id(), at: Seq(number()))
    case .groupCleared: .groupCleared(id(), upTo: Seq(number()))
    default: preconditionFailure("there is no sample of \(kind)")
    }
  }

  private mutating func target() -> MessageTarget {
    MessageTarget(peer: chance(2) ? nil : id(), seq: Seq(number()))
  }

  private mutating func role() -> Role { Role.allCases[Int(random.next() % 3)] }

  private mutating func settings() -> GroupSettings {
    GroupSettings(
      title: text(), description: text(), joinPolicy: JoinPolicy.allCases[Int(random.next() % 3)],
      isHistoryShown: chance(2), isSilenced: chance(2),
      membersListed: chance(3) ? nil : chance(2))
  }

  private mutating func content() -> ByteBuffer {
    chance(2)
      ? ContentCoding.text(text())
      : ContentCoding.plain(
        type: "application/octet-stream",
        body: ByteBuffer(bytes: (0..<random.next() % 300).map { _ in UInt8(chance(2) ? 0 : 0xff) }))
  }

  private mutating func message() -> Message {
    Message(
      content: content(), clientTime: Timestamp(milliseconds: chance(2) ? 0 : number()),
      senderName: chance(2) ? "" : text(), extras: chance(2) ? nil : extras())
  }

  private mutating func sent() -> Message {
    var message = message()
    message.receipts = StatedReceipts.allCases[Int(random.next() % 3)]
    return message
  }

  /// Nil for what would say nothing: the log has no such extras.
  private mutating func extras() -> MessageExtras? {
    let extras = MessageExtras(
      replyTo: MessageID(chance(2) ? 0 : number()),
      mentions: chance(2) ? [] : (0..<random.next() % 5).map { _ in id() },
      mentionsEveryone: chance(2),
      forwarded: chance(2)
        ? nil
        : Forwarded(
          messageID: MessageID(number()), user: id(),
          recordedAt: Timestamp(milliseconds: number())),
      expiresAt: Timestamp(milliseconds: chance(2) ? 0 : number()))
    return extras.isEmpty ? nil : extras
  }

  /// Zero, and every width that a varint can have.
  private mutating func number() -> UInt64 {
    let bits = random.next() % 65
    return bits == 0 ? 0 : random.next() >> (64 - bits)
  }

  private mutating func text() -> String {
    let letters: [Character] = ["a", "Z", "0", " ", "é", "日", "🙂", "\n"]
    return String((0..<random.next() % 200).map { _ in letters[Int(random.next() % 8)] })
  }

  private mutating func ids() -> [UserID] { (0..<random.next() % 4).map { _ in id() } }

  private mutating func id<Kind>() -> Identifier<Kind> {
    let letters: [Character] = ["a", "b", "é", "日", "_", "|", "🙂", "1"]
    return Identifier(
      checked: String((0...random.next() % 15).map { _ in letters[Int(random.next() % 8)] }))
  }

  private mutating func origin() -> Origin {
    Origin((0...random.next() % 32).map { _ in UInt8(truncatingIfNeeded: number()) })!
  }

  private mutating func chance(_ of: UInt64) -> Bool { random.next() % of == 0 }
}

/// SplitMix64 (Steele, Lea, Flood, 2014).
package struct SplitMix: RandomNumberGenerator {
  package var state: UInt64

  package init(state: UInt64) { self.state = state }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

package import NIOCore

/// An immutable fact. `DaybookSchema` turns it into the bytes of `schemas/daybook/v1/event.proto`
/// and back; `schemas/events.md` says what each kind means.
package struct Event: Sendable, Equatable {
  package var stream: StreamKey
  package var seq: Seq
  package var messageID: MessageID
  package var recordedAt: Timestamp
  package var actor: Actor
  /// Nil in what the relay or the server itself wrote.
  package var command: CommandID?
  /// Set in what the relay wrote.
  package var cause: Cause?
  /// What the command stated, or the event that this one follows from.
  package var traceID: TraceID?
  package var body: Body

  @inlinable
  package init(
    stream: StreamKey, seq: Seq = .none, messageID: MessageID = .none, recordedAt: Timestamp,
    actor: Actor, command: CommandID? = nil, cause: Cause? = nil,
    traceID: TraceID? = nil, body: Body
  ) {
    self.stream = stream
    self.seq = seq
    self.messageID = messageID
    self.recordedAt = recordedAt
    self.actor = actor
    self.command = command
    self.cause = cause
    self.traceID = traceID
    self.body = body
  }

  package enum Body: Sendable, Equatable {
    case messageSent(Message)
    /// `peerSeq`, the original's, is of older servers.
    case messageCopied(Message, to: UserID, peerSeq: Seq = .none)
    /// In a mailbox, `senders` are those whose messages this is the first ack of, of what lies past
    /// `after`.
    case acked(upTo: Seq, senders: [DeliveredSender] = [], after: Seq = .none)
    /// `peer` is nil in a group's stream.
    case read(peer: UserID?, upTo: Seq, notice: ReadNotice = .unstated)
    case messagesDelivered(by: UserID, upTo: NoticePosition)
    case messagesRead(by: UserID, upTo: NoticePosition)
    case groupCreated(GroupSettings)
    /// The owner of a group that nobody was left in. `from` is the first seq that the member sees,
    /// where the join takes none.
    case memberJoined(UserID, role: Role = .member, from: Seq = .none)
    /// `successor` is whose the group is after an owner's leave; nil if nobody is left. `through` is
    /// the last seq that the member sees, where the leave takes none.
    case memberLeft(UserID, successor: UserID? = nil, through: Seq = .none)
    case groupJoined(GroupID, at: Seq)
    case groupLeft(GroupID, at: Seq)
    /// The group's stream is told if `isTold`.
    case groupRead(GroupID, upTo: Seq, isTold: Bool = false)
    /// `registration`: the seq that was next in the user's mailbox when that came to know the device.
    case cursorOpened(cursor: Seq, registration: Seq)
    case noted
    // Amendments: the event's message id names the message.
    case messageRecalled(MessageTarget)
    case messageEdited(MessageTarget, content: ByteBuffer)
    case reactionAdded(MessageTarget, String)
    case reactionRemoved(MessageTarget, String)
    case messageWithheld(Message)
    case amendmentWithheld(WithheldAmendment)
    case messageTombstone(MessageTombstone)
    case groupChanged(GroupSettings)
    // With the moderators, whom the relay tells: older servers named none.
    case memberInvited(UserID, telling: [UserID] = [])
    case joinRequested(UserID, telling: [UserID] = [])
    case joinRefused(UserID, telling: [UserID] = [])
    case roleChanged(UserID, Role)
    case memberSilenced(UserID, Bool)
    case groupDissolved
    case groupInvited(GroupID, at: Seq)
    case groupRefused(GroupID, at: Seq)
    case userBlocked(UserID)
    case userUnblocked(UserID)
    case conversationMarked(StreamKey, ConversationMarks)
    /// `peer` is nil in a group's stream.
    case conversationCleared(peer: UserID?, upTo: Seq)
    case groupCleared(GroupID, upTo: Seq)
    case deviceForgotten(DeviceID)
    /// `deviceClass` is empty where the token names none.
    case sessionOpened(session: String, client: String, deviceClass: String = "")
    case sessionClosed(session: String, reason: String)
    case groupCursors([GroupPosition])
    case groupWaiting(GroupID, UserID, Waiting)
    case tokensRevoked(Revocation)
  }
}

/// Who did something. A service acts for a user; then both are set. Shared rather than copied: a
/// session's commands and their events all have the same one.
package final class Actor: Sendable, Hashable {
  package let user: UserID?
  package let device: DeviceID?
  package let service: ServiceID?

  /// Nobody in particular.
  package static let none = Actor()

  @inlinable
  package init(user: UserID? = nil, device: DeviceID? = nil, service: ServiceID? = nil) {
    self.user = user
    self.device = device
    self.service = service
  }

  package static func == (a: Actor, b: Actor) -> Bool {
    a === b || (a.user == b.user && a.device == b.device && a.service == b.service)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(user)
    hasher.combine(device)
    hasher.combine(service)
  }
}

/// Who issued commands: 1 to 32 bytes, in a form that costs no allocation.
package struct Origin: Hashable, Sendable, CustomStringConvertible {
  package let words: (UInt64, UInt64, UInt64, UInt64)
  package let count: UInt8
  @usableFromInline let fingerprint: UInt64

  @inlinable
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard (1...Limits.originBytesMax).contains(bytes.count) else { return nil }
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
    self.words = words
    self.count = UInt8(bytes.count)
    var hash = StableHash()
    hash.combine(bytes)
    fingerprint = hash.finish()
  }

  package init?(_ bytes: some Sequence<UInt8>) {
    let made = Array(bytes).withUnsafeBytes { Origin($0) }
    guard let made else { return nil }
    self = made
  }

  @inlinable
  package func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try withUnsafeBytes(of: words) {
      try body(UnsafeRawBufferPointer(rebasing: $0[0..<Int(count)]))
    }
  }

  package var bytes: [UInt8] { withBytes { [UInt8]($0) } }

  @inlinable
  package static func == (a: Self, b: Self) -> Bool {
    a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2
      && a.words.3 == b.words.3 && a.count == b.count
  }

  @inlinable
  package func hash(into hasher: inout Hasher) {
    hasher.combine(fingerprint)
  }

  /// One that nobody else has.
  package static func random() -> Origin {
    var random = SystemRandomNumberGenerator()
    return Origin((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })!
  }

  package var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// The key of idempotence, with a digest of what the command means: the same number with
/// another digest is a conflict.
package struct CommandID: Hashable, Sendable {
  package var origin: Origin
  package var number: UInt64
  package var digest: UInt32
  /// The number counts the origin's commands to the event's stream alone.
  package var isGapless: Bool
  /// Of a note: the number of the error that the command was refused with for good; 0: it was
  /// accepted.
  package var refusal: UInt32

  @inlinable
  package init(
    origin: Origin, number: UInt64, digest: UInt32, isGapless: Bool = false, refusal: UInt32 = 0
  ) {
    self.origin = origin
    self.number = number
    self.digest = digest
    self.isGapless = isGapless
    self.refusal = refusal
  }
}

/// Position of an effect in its source partition. Effects of one source are ordered by it.
package struct Cause: Hashable, Sendable {
  package var partition: PartitionID
  package var offset: Offset
  package var index: UInt32

  @inlinable
  package init(partition: PartitionID, offset: Offset, index: UInt32) {
    self.partition = partition
    self.offset = offset
    self.index = index
  }

  @inlinable
  package func isAfter(offset: Offset, index: UInt32) -> Bool {
    self.offset > offset || (self.offset == offset && self.index > index)
  }
}

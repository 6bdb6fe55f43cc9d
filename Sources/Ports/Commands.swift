package import DaybookModel
package import NIOCore

/// The write side as gateways see it: commands go to the owner of a stream's partition, in order.
package protocol Commands: AnyObject, Sendable {
  var partitionCount: Int { get }

  /// Hands commands to a partition's owner, which decides them in this order. Every command is
  /// answered exactly once through its `receiver`, durable commands after their sync. May be
  /// called from any thread.
  func submit(_ commands: [PendingCommand], to partition: PartitionID)
}

/// Takes the answers of commands. Called on the owner's thread, once for each batch and receiver.
package protocol CommandReceiver: AnyObject, Sendable {
  /// `token` covers all that the answers tell of; nil where there is nothing durable to cover.
  func receive(_ answers: [CommandAnswer], covering token: ReadToken?)
}

/// A command with the way back to who asked.
package struct PendingCommand: Sendable {
  package var command: Command
  package var receiver: any CommandReceiver
  /// The receiver's own mark, given back in the answer.
  package var token: UInt64

  @inlinable
  package init(_ command: Command, receiver: any CommandReceiver, token: UInt64) {
    self.command = command
    self.receiver = receiver
    self.token = token
  }
}

package struct CommandAnswer: Sendable {
  package var token: UInt64
  package var outcome: Result<CommandOutcome, DaybookError>

  @inlinable
  package init(token: UInt64, outcome: Result<CommandOutcome, DaybookError>) {
    self.token = token
    self.outcome = outcome
  }
}

/// A request to change a stream.
package struct Command: Sendable {
  package var stream: StreamKey
  /// The user on whose behalf, with device and service where there are such.
  package var actor: Actor
  /// Nil for what the server itself asks (cursors) and for acks, which need no idempotence.
  package var id: NumberedOrigin?
  /// The highest message id that the issuer has seen: the answer's id will be above it.
  package var observed: MessageID
  /// What its event, and what follows from that, keeps.
  package var traceID: TraceID?
  package var body: Body

  @inlinable
  package init(
    stream: StreamKey, actor: Actor, id: NumberedOrigin?, observed: MessageID = .none,
    traceID: TraceID? = nil, body: Body
  ) {
    self.stream = stream
    self.actor = actor
    self.id = id
    self.observed = observed
    self.traceID = traceID
    self.body = body
  }

  package enum Body: Sendable {
    case send(Message)
    /// To whoever is online, and into no log: only decided, never appended.
    case sendTransient(Message)
    case recall(MessageReference)
    case edit(MessageReference, content: ByteBuffer)
    case react(MessageReference, reaction: String, isRemoved: Bool)
    /// Of a mailbox, of the device with this registration; none: whichever it is.
    case ack(upTo: Seq, registration: Seq = .none)
    /// The same of groups, in the mailbox: `groupCursorsMax` at most, which end there or later.
    case ackGroups([GroupPosition], registration: Seq = .none)
    /// Of a conversation in the own mailbox.
    case read(peer: UserID?, upTo: Seq)
    /// Of a group, in the own mailbox, with what the group's owner has said of it just before.
    case readGroup(GroupID, upTo: Seq, GroupReading)
    case createGroup(GroupSettings)
    case changeGroup(GroupChange)
    case join
    case leave
    case invite(UserID)
    /// Ends a membership that isn't the actor's own.
    case remove(UserID)
    /// Lets in who asked to join.
    case admit(UserID)
    /// Refuses who asked, or withdraws an invitation; by the user: takes back, or declines.
    case refuse(UserID)
    /// To make somebody the owner hands the group over.
    case changeRole(UserID, Role)
    case silence(UserID, Bool)
    case dissolve
    case block(UserID, Bool)
    case mark(StreamKey, MarksChange)
    /// Deletes a conversation for oneself. `peer` is nil for a group.
    case clear(peer: UserID?, upTo: Seq)
    case forgetDevice(DeviceID)
    /// A device begins to follow the stream: answers with a `StreamPosition`, and logs an event
    /// only for a device that the stream doesn't know yet. In a group with the registration that the
    /// mailbox has answered: what the group knows of another one doesn't count, for the device was
    /// forgotten since; and with what the mailbox knows of the group, of which the greater counts.
    /// Of a mailbox with the token that a session begins with: refused with `token_revoked` where that is
    /// void.
    case openCursor(
      registration: Seq = .none, GroupReached = GroupReached(), token: TokenStamp? = nil)
    /// Whether a token of the actor's is good: refused with `token_revoked` if not. Changes nothing, logs
    /// nothing. A service's is asked about in the mailbox of its name.
    case checkToken(TokenStamp)
    /// Tokens of the mailbox's owner, or of the service of that name, are void from now on: the one of
    /// this id, or all that were issued until now, of this device.
    case revokeTokens(device: DeviceID?, tokenID: String, ofService: Bool)
    /// What a user may see of a group, or of the conversation with `peer` in the own mailbox, and
    /// the head: changes nothing, logs nothing.
    case inspect(peer: UserID?)
    /// Whether the owner of the mailbox talks with the actor, and so lets its presence be known:
    /// refused with `not_permitted` if not. Changes nothing, logs nothing.
    case inspectContact
    /// Which number is next of an origin's commands to the stream that are taken in turn. Changes
    /// nothing, logs nothing.
    case nextNumber(Origin)
    /// A group in the mailbox's list that was found dissolved: it is dropped from there.
    case dropGroup(GroupID, at: Seq)
    /// What can't be done, for this reason, unless it was done before: the message that it is about
    /// is no longer to be had. A retry under its number gets the answer of the first time.
    case refused(DaybookError)
    case openSession(session: String, client: String, deviceClass: DeviceClass? = nil)
    case closeSession(session: String, reason: String)
  }
}

extension Command {
  /// Nil for what comes without a number.
  package var issued: IssuedNumber? {
    id.map { IssuedNumber(issuedOrigin($0), number: $0.number) }
  }

  package func issuedOrigin(_ id: NumberedOrigin) -> IssuedOrigin {
    IssuedOrigin(id.origin, by: actor, in: id.isGapless ? stream : nil)
  }
}

/// A message that a command is about, as it stands in the stream that it was sent to. Read from
/// the log by whoever issues the command: what it states can't change.
package final class MessageReference: Sendable, Equatable {
  /// None for what was withheld from its receiver.
  package let seq: Seq
  package let messageID: MessageID
  package let author: UserID
  package let sentAt: Timestamp

  package init(seq: Seq, messageID: MessageID, author: UserID, sentAt: Timestamp) {
    self.seq = seq
    self.messageID = messageID
    self.author = author
    self.sentAt = sentAt
  }

  package var isWithheld: Bool { seq == .none }

  package static func == (a: MessageReference, b: MessageReference) -> Bool {
    a.seq == b.seq && a.messageID == b.messageID && a.author == b.author && a.sentAt == b.sentAt
  }
}

/// Who issued a command, and that origin's own 1, 2, 3….
package struct NumberedOrigin: Hashable, Sendable {
  package var origin: Origin
  package var number: UInt64
  /// It counts the origin's commands to one stream alone, whose owner takes them strictly in turn.
  package var isGapless: Bool

  @inlinable
  package init(origin: Origin, number: UInt64, isGapless: Bool = false) {
    self.origin = origin
    self.number = number
    self.isGapless = isGapless
  }
}

/// What came of a command.
package enum CommandOutcome: Sendable, Equatable {
  /// It was accepted.
  case done(CommandResult)
  /// Of `openCursor` and `inspect`: what was asked for.
  case position(StreamPosition)
  /// Of `nextNumber`, with how many later ones wait for it.
  case nextNumber(UInt64, held: Int)

  /// Throws `storage_failed` where the owner, which may be another process, has answered something
  /// else.
  package func result() throws(DaybookError) -> CommandResult {
    guard case .done(let result) = self else { throw CommandOutcome.unexpected }
    return result
  }

  /// The same, for what asks for a position.
  package func position() throws(DaybookError) -> StreamPosition {
    guard case .position(let position) = self else { throw CommandOutcome.unexpected }
    return position
  }

  /// The same, for what asks which number is next.
  package func nextNumber() throws(DaybookError) -> (next: UInt64, held: Int) {
    guard case .nextNumber(let next, let held) = self else { throw CommandOutcome.unexpected }
    return (next, held)
  }

  private static let unexpected = DaybookError(
    .storageFailed, "the partition's owner has answered another question; try again")
}

package struct CommandResult: Sendable, Equatable {
  package var messageID: MessageID
  package var seq: Seq
  package var recordedAt: Timestamp
  /// The number was answered before; this is that answer.
  package var repeated: Bool
  /// False where the command was accepted and there was nothing to do.
  package var changed: Bool
  /// Of a join: a moderator has to let the user in first.
  package var pending: Bool
  /// False for what was only pushed.
  package var isStored: Bool

  @inlinable
  package init(
    messageID: MessageID = .none, seq: Seq = .none, recordedAt: Timestamp, repeated: Bool = false,
    changed: Bool = true, pending: Bool = false, isStored: Bool = true
  ) {
    self.messageID = messageID
    self.seq = seq
    self.recordedAt = recordedAt
    self.repeated = repeated
    self.changed = changed
    self.pending = pending
    self.isStored = isStored
  }
}

/// Where a device stands in a stream.
package final class StreamPosition: Sendable, Equatable {
  package let cursor: Seq
  package let head: Seq
  /// The stream knew the device before.
  package let resumed: Bool
  /// Of a mailbox: which one the device is to it.
  package let registration: Seq
  /// What the user may see of the stream: ascending, apart from each other.
  package let visible: [SeqInterval]
  /// Of a mailbox: the groups that its owner is a member of.
  package let groups: [GroupID]
  /// Of a mailbox: whom its owner has blocked.
  package let blocked: [UserID]
  /// Of a mailbox: the conversations that its owner has marked as quiet.
  package let quiet: [StreamKey]
  /// Up to where the user has cleared the conversation that was asked about.
  package let cleared: Seq
  /// Of a group: what the user is there; nil for a service that acts for nobody.
  package let role: Role?
  /// Of a group: it has come to its end, and nobody can be a member any more.
  package let isDissolved: Bool
  /// Of a mailbox: how far the device and its user have come in groups.
  package let reached: GroupsReached
  /// Of a group: what a read of it needs to know.
  package let reading: GroupReading

  package init(
    cursor: Seq, head: Seq, resumed: Bool, registration: Seq = .none, visible: [SeqInterval],
    groups: [GroupID] = [],
    blocked: [UserID] = [], quiet: [StreamKey] = [], cleared: Seq = .none, role: Role? = nil,
    isDissolved: Bool = false,
    reached: GroupsReached = GroupsReached(), reading: GroupReading = GroupReading()
  ) {
    self.cursor = cursor
    self.head = head
    self.resumed = resumed
    self.registration = registration
    self.visible = visible
    self.groups = groups
    self.blocked = blocked
    self.quiet = quiet
    self.cleared = cleared
    self.role = role
    self.isDissolved = isDissolved
    self.reached = reached
    self.reading = reading
  }

  package static func == (a: StreamPosition, b: StreamPosition) -> Bool {
    a.cursor == b.cursor && a.head == b.head && a.resumed == b.resumed
      && a.registration == b.registration && a.visible == b.visible && a.groups == b.groups
      && a.blocked == b.blocked && a.quiet == b.quiet && a.cleared == b.cleared
      && a.role == b.role && a.isDissolved == b.isDissolved
      && a.reached == b.reached && a.reading == b.reading
  }
}

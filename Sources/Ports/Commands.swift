import DaybookModel

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
  func receive(_ answers: [CommandAnswer])
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
  package var body: Body

  @inlinable
  package init(
    stream: StreamKey, actor: Actor, id: NumberedOrigin?, observed: MessageID = .none, body: Body
  ) {
    self.stream = stream
    self.actor = actor
    self.id = id
    self.observed = observed
    self.body = body
  }

  package enum Body: Sendable {
    case send(Message)
    case ack(upTo: Seq)
    /// `peer` is nil for a group.
    case read(peer: UserID?, upTo: Seq)
    case createGroup(title: String)
    case join
    case leave
    /// A device begins to follow the stream: answers with a `StreamPosition`, and logs an event
    /// only for a device that the stream doesn't know yet.
    case openCursor
    /// What a user may see of a group, and its head: changes nothing, logs nothing.
    case inspect
  }
}

/// Who issued a command, and that origin's own 1, 2, 3….
package struct NumberedOrigin: Hashable, Sendable {
  package var origin: Origin
  package var number: UInt64

  @inlinable
  package init(origin: Origin, number: UInt64) {
    self.origin = origin
    self.number = number
  }
}

package struct CommandOutcome: Sendable, Equatable {
  package var messageID: MessageID
  package var seq: Seq
  package var recordedAt: Timestamp
  /// The number was answered before; this is that answer.
  package var repeated: Bool
  /// False where the command was accepted and there was nothing to do.
  package var changed: Bool
  /// Of `openCursor` and `inspect` only.
  package var position: StreamPosition?

  @inlinable
  package init(
    messageID: MessageID = .none, seq: Seq = .none, recordedAt: Timestamp, repeated: Bool = false,
    changed: Bool = true, position: StreamPosition? = nil
  ) {
    self.messageID = messageID
    self.seq = seq
    self.recordedAt = recordedAt
    self.repeated = repeated
    self.changed = changed
    self.position = position
  }
}

/// Where a device stands in a stream.
package final class StreamPosition: Sendable, Equatable {
  package let cursor: Seq
  package let head: Seq
  /// The stream knew the device before.
  package let resumed: Bool
  /// What the user may see of the stream: ascending, apart from each other.
  package let visible: [SeqInterval]
  /// Of a mailbox: the groups that its owner is a member of.
  package let groups: [GroupID]

  package init(
    cursor: Seq, head: Seq, resumed: Bool, visible: [SeqInterval], groups: [GroupID]
  ) {
    self.cursor = cursor
    self.head = head
    self.resumed = resumed
    self.visible = visible
    self.groups = groups
  }

  package static func == (a: StreamPosition, b: StreamPosition) -> Bool {
    a.cursor == b.cursor && a.head == b.head && a.resumed == b.resumed && a.visible == b.visible
      && a.groups == b.groups
  }
}

/// From `first` to `last`, both included; without an end where `last` is nil.
package struct SeqInterval: Sendable, Equatable {
  package var first: Seq
  package var last: Seq?

  @inlinable
  package init(first: Seq, last: Seq?) {
    self.first = first
    self.last = last
  }

  @inlinable
  package func contains(_ seq: Seq) -> Bool {
    seq >= first && (last.map { seq <= $0 } ?? true)
  }
}

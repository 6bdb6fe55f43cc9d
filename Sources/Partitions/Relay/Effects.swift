import DaybookModel

/// A consequence of an event, for the owner of another stream to take exactly once.
package struct Effect: Sendable, Equatable {
  package var stream: StreamKey
  package var messageID: MessageID
  package var actor: Actor
  package var body: Event.Body
  /// Where it comes from; the offset is known only once the source is durable.
  package var cause: Cause
}

package enum Effects {
  /// What follows from an event elsewhere, in a fixed order: the last column of the table in
  /// `schemas/events.md`. It depends on nothing but the event, so a restart finds the same again.
  /// Notices have no effects: notices never cause notices.
  package static func append(
    of event: borrowing Event, index: Int, to effects: inout [SourceEffect]
  ) {
    var next: UInt32 = 0
    func add(_ stream: StreamKey, _ body: Event.Body, messageID: MessageID = .none) {
      effects.append(
        SourceEffect(
          eventIndex: index, effectIndex: next, stream: stream, messageID: messageID,
          actor: event.actor, body: body))
      next += 1
    }
    switch event.body {
    case .messageSent(let message):
      guard let sender = event.actor.user, let receiver = event.stream.userID, receiver != sender
      else { return }
      add(
        .user(sender), .messageCopied(message, to: receiver, peerSeq: event.seq),
        messageID: event.messageID)
    case .acked(let upTo, let senders):
      guard let owner = event.stream.userID else { return }
      for sender in senders {
        add(.user(sender), .messagesDelivered(by: owner, upToPeerSeq: upTo))
      }
    case .read(let peer, let upTo):
      if let peer, let owner = event.stream.userID {
        if peer != owner { add(.user(peer), .messagesRead(by: owner, upToPeerSeq: upTo)) }
      } else if let group = event.stream.groupID, let reader = event.actor.user {
        add(.user(reader), .groupRead(group, upTo: upTo))
      }
    case .groupCreated:
      guard let group = event.stream.groupID, let creator = event.actor.user else { return }
      add(.user(creator), .groupJoined(group, at: event.seq))
    case .memberJoined(let member):
      guard let group = event.stream.groupID else { return }
      add(.user(member), .groupJoined(group, at: event.seq))
    case .memberLeft(let member):
      guard let group = event.stream.groupID else { return }
      add(.user(member), .groupLeft(group, at: event.seq))
    case .messageCopied, .messagesDelivered, .messagesRead, .groupJoined, .groupLeft, .groupRead,
      .cursorOpened, .noted:
      break
    }
  }
}

/// An effect of an event of a batch that has no offsets yet.
package struct SourceEffect: Sendable, Equatable {
  /// Which event of the batch, and which of that event's effects.
  package var eventIndex: Int
  package var effectIndex: UInt32
  package var stream: StreamKey
  package var messageID: MessageID
  package var actor: Actor
  package var body: Event.Body

  package func located(in partition: PartitionID, at offset: Offset) -> Effect {
    Effect(
      stream: stream, messageID: messageID, actor: actor, body: body,
      cause: Cause(partition: partition, offset: offset, index: effectIndex))
  }
}

extension PartitionState {
  /// The event that an effect becomes here, or nil if it was taken before.
  package func event(for effect: borrowing Effect, now: Timestamp) -> Event? {
    if hasTaken(effect.cause) { return nil }
    // Every kind that the relay writes is one that its mailbox's devices are sent.
    let head = mailboxes[effect.stream]?.head ?? .none
    return Event(
      stream: effect.stream, seq: head.next, messageID: effect.messageID,
      recordedAt: max(now, recordedAt), actor: effect.actor, cause: effect.cause,
      body: effect.body)
  }
}

package import DaybookModel

/// A consequence of an event, for the owner of another stream to take exactly once.
package struct Effect: Sendable, Equatable {
  package var stream: StreamKey
  package var messageID: MessageID
  package var actor: Actor
  /// Of the event that it follows from.
  package var traceID: TraceID? = nil
  package var body: Event.Body
  /// Where it comes from; the offset is known only once the source is durable.
  package var cause: Cause
}

package enum Effects {
  /// What follows from an event elsewhere, in a fixed order: the last column of the table in
  /// `schemas/events.md`. It depends on nothing but the event, so a restart finds the same again.
  /// What the relay wrote has no effects: notices never cause notices.
  package static func append(
    of event: borrowing Event, index: Int, to effects: inout [SourceEffect]
  ) {
    guard event.cause == nil else { return }
    var sink = EffectSink(
      index: index, actor: event.actor, traceID: event.traceID, effects: effects)
    effects = []  // So that the sink's are the only ones, and grow in place.
    switch event.stream.kind {
    case .user: inMailbox(event, &sink)
    case .group: inGroup(event, &sink)
    }
    effects = sink.effects
  }

  private static func inMailbox(_ event: borrowing Event, _ sink: inout EffectSink) {
    switch event.body {
    case .messageSent(let message):
      guard let sender = event.actor.user, !event.stream.isMailbox(of: sender),
        let receiver = event.stream.userID
      else { return }
      sink.add(
        .user(sender), .messageCopied(message, to: receiver), messageID: event.messageID)
    case .messageWithheld(let message):
      guard let sender = event.actor.user, let receiver = event.stream.userID else { return }
      sink.add(
        .user(sender), .messageCopied(message, to: receiver), messageID: event.messageID)
    case .acked(let upTo, let senders, _):
      guard !senders.isEmpty, let owner = event.stream.userID else { return }
      for sender in senders {
        let position =
          sender.lastMessage == .none
          ? NoticePosition.peerSeq(upTo)
          : NoticePosition(message: sender.lastMessage, after: sender.after)
        sink.add(.user(sender.user), .messagesDelivered(by: owner, upTo: position))
      }
    case .groupRead(let group, let upTo, true):
      sink.add(.group(group), .read(peer: nil, upTo: upTo))
    case .read(let peer, let upTo, let notice):
      guard let peer, let owner = event.stream.userID, peer != owner else { return }
      switch notice {
      case .nobody: break
      case .upTo(let id): sink.add(.user(peer), .messagesRead(by: owner, upTo: .message(id)))
      case .unstated: sink.add(.user(peer), .messagesRead(by: owner, upTo: .peerSeq(upTo)))
      }
    case .messageRecalled(let target), .messageEdited(let target, _),
      .reactionAdded(let target, _), .reactionRemoved(let target, _):
      // The other side has it as a conversation with this mailbox's owner.
      guard let author = target.peer, let owner = event.stream.userID, author != owner
      else { return }
      let copied = MessageTarget(peer: owner, seq: .none)
      guard let body = event.body.amendment(of: copied) else { return }
      sink.add(.user(author), body, messageID: event.messageID)
    case .amendmentWithheld(let withheld):
      guard let owner = event.stream.userID else { return }
      sink.add(
        .user(withheld.author), withheld.change.body(of: MessageTarget(peer: owner, seq: .none)),
        messageID: event.messageID)
    default: break
    }
  }

  private static func inGroup(_ event: borrowing Event, _ sink: inout EffectSink) {
    // The most frequent one has none, nor need of the group's id.
    if case .messageSent = event.body { return }
    guard let group = event.stream.groupID else { return }
    switch event.body {
    // By older servers, who logged it here first.
    case .read(_, let upTo, _):
      if let reader = event.actor.user { sink.add(.user(reader), .groupRead(group, upTo: upTo)) }
    case .groupCreated:
      guard let creator = event.actor.user else { return }
      sink.add(.user(creator), .groupJoined(group, at: event.seq))
    case .memberJoined(let member, _, _):
      sink.add(.user(member), .groupJoined(group, at: event.firstSeen))
    case .memberLeft(let member, _, _):
      sink.add(.user(member), .groupLeft(group, at: event.lastSeen))
    case .memberInvited(let user, let moderators):
      sink.add(.user(user), .groupInvited(group, at: event.seq))
      sink.tell(moderators, .groupWaiting(group, user, .invited))
    case .joinRequested(let user, let moderators):
      sink.tell(moderators, .groupWaiting(group, user, .requested))
    case .joinRefused(let user, let moderators):
      sink.add(.user(user), .groupRefused(group, at: event.seq))
      sink.tell(moderators, .groupWaiting(group, user, .refused))
    case .conversationCleared(_, let upTo):
      if let user = event.actor.user { sink.add(.user(user), .groupCleared(group, upTo: upTo)) }
    default: break
    }
  }
}

/// Takes one event's effects, and numbers them.
private struct EffectSink {
  let index: Int
  let actor: Actor
  let traceID: TraceID?
  var effects: [SourceEffect]
  private var next: UInt32 = 0

  init(index: Int, actor: Actor, traceID: TraceID?, effects: [SourceEffect]) {
    self.index = index
    self.actor = actor
    self.traceID = traceID
    self.effects = effects
  }

  mutating func tell(_ users: [UserID], _ body: Event.Body) {
    for user in users { add(.user(user), body) }
  }

  mutating func add(_ stream: StreamKey, _ body: Event.Body, messageID: MessageID = .none) {
    effects.append(
      SourceEffect(
        eventIndex: index, effectIndex: next, stream: stream, messageID: messageID,
        actor: actor, traceID: traceID, body: body))
    next += 1
  }
}

extension Event.Body {
  /// The same amendment, of another stream's message.
  fileprivate func amendment(of target: MessageTarget) -> Event.Body? {
    switch self {
    case .messageRecalled: .messageRecalled(target)
    case .messageEdited(_, let content): .messageEdited(target, content: content)
    case .reactionAdded(_, let reaction): .reactionAdded(target, reaction)
    case .reactionRemoved(_, let reaction): .reactionRemoved(target, reaction)
    default: nil
    }
  }
}

extension WithheldAmendment.Change {
  /// What its author's devices are told: the same as of any other.
  fileprivate func body(of target: MessageTarget) -> Event.Body {
    switch self {
    case .recalled: .messageRecalled(target)
    case .edited(let content): .messageEdited(target, content: content)
    case .reactionAdded(let reaction): .reactionAdded(target, reaction)
    case .reactionRemoved(let reaction): .reactionRemoved(target, reaction)
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
  package var traceID: TraceID? = nil
  package var body: Event.Body

  package func located(in partition: PartitionID, at offset: Offset) -> Effect {
    Effect(
      stream: stream, messageID: messageID, actor: actor, traceID: traceID, body: body,
      cause: Cause(partition: partition, offset: offset, index: effectIndex))
  }
}

extension PartitionState {
  /// The event that an effect becomes here, or nil if it was taken before.
  package mutating func event(for effect: borrowing Effect, now: Timestamp) -> Event? {
    if hasTaken(effect.cause) { return nil }
    let at = find(effect.stream)
    var event = Event(
      stream: effect.stream, messageID: effect.messageID,
      recordedAt: max(min(now, MessageID.lastTime), recordedAt),
      actor: effect.actor, cause: effect.cause, traceID: effect.traceID, body: effect.body)
    if isUnwanted(effect, at: at) {
      // Not shown, and yet taken: else it would come again for ever.
      event.messageID = .none
      event.body = .noted
    }
    if event.stream.kind == .user, event.kind.takesSeq(in: .user) {
      event.seq = (at.map { mailboxes[$0].head } ?? .none).next
    }
    assert(
      event.stream.kind == .user || event.seq == .none, "what a group is told takes no seq there")
    return event
  }

  /// What somebody says, asks or answers who was blocked: all that carries words of their choice. A
  /// recall only takes away.
  /// And what a group knows already, or of who is no member of it any more.
  private func isUnwanted(_ effect: borrowing Effect, at: Int?) -> Bool {
    switch effect.body {
    case .read(_, let upTo, _):
      guard let at, let user = effect.actor.user, let member = groups[at].member(user) else {
        return true
      }
      return !member.isMember || upTo <= member.read
    case .reactionAdded, .reactionRemoved, .messageEdited, .groupInvited, .groupRefused:
      guard let user = effect.actor.user, !effect.stream.isMailbox(of: user) else { return false }
      return hasBlocked(user, at: at)
    default: return false
    }
  }
}

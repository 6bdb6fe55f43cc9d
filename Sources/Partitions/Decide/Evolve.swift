package import DaybookModel

extension PartitionState {
  /// Takes an event into the state: the same for what was just decided and for what is replayed.
  package mutating func evolve(_ event: borrowing Event) {
    let origin = event.command.map { IssuedOrigin($0, by: event.actor, to: event.stream) }
    evolve(event, at: place(event.stream, event.actor, origin))
  }

  mutating func evolve(_ event: borrowing Event, at place: Place) {
    clock.observe(event.messageID)
    if recordedAt != .none, event.recordedAt > recordedAt {
      elapsed += min(
        event.recordedAt.milliseconds - recordedAt.milliseconds, Limits.elapsedStepMilliseconds)
    }
    recordedAt = max(recordedAt, event.recordedAt)
    if let command = event.command {
      let pending = isPending(event, command, at: place)
      origins.accept(
        OriginWindow.Entry(event, command, pending: pending),
        of: IssuedOrigin(command, by: event.actor, to: event.stream), at: place.origin)
    }
    if let cause = event.cause {
      sources[cause.partition] = SourcePosition(offset: cause.offset, index: cause.index)
    }
    switch event.stream.kind {
    case .user: evolveMailbox(event, at: place.stream)
    case .group: evolveGroup(event, at: place.stream)
    }
  }

  /// Whether the event answers a join that waits for a moderator. A note doesn't say on what it is
  /// one, but the digest of its command does.
  private func isPending(
    _ event: borrowing Event, _ command: CommandID, at place: Place
  ) -> Bool {
    switch event.kind {
    case .joinRequested: return true
    case .noted where command.refusal == 0:
      guard event.stream.kind == .group, let at = place.stream, let user = event.actor.user,
        groups[at].waiting.hasRequested(user)
      else { return false }
      return command.digest == CommandDigest.ofJoin(event.stream, by: user)
    default: return false
    }
  }

  private mutating func evolveMailbox(_ event: borrowing Event, at known: Int?) {
    guard let at = known ?? insertMailbox(event.stream) else { return }
    if event.seq != .none {
      assert(event.seq == mailboxes[at].head.next, "a mailbox's seqs are gapless")
      mailboxes[at].head = event.seq
    }
    mailboxes[at].evolve(event, amendedBounds)
    if event.kind.isOfDevice { mailboxes[at].heard(event.actor.device, at: elapsed) }
  }

  private mutating func insertMailbox(_ stream: StreamKey) -> Int? {
    stream.userID.map { mailboxes.insert($0, MailboxState()) }
  }

  private mutating func evolveGroup(_ event: borrowing Event, at known: Int?) {
    if case .groupCreated(let settings) = event.body {
      var group = GroupState(settings: settings, seed: seed)
      group.head = event.seq
      if let creator = event.actor.user {
        group.joined(creator, role: .owner, at: event.seq, reading: event.seq)
      }
      if let id = event.stream.groupID { groups.insert(id, group) }
      return
    }
    guard let at = known else {
      // Only the note on a command that was refused nothing: a group begins with its creation.
      assert(event.kind == .noted, "\(event.kind) in a group that was not created")
      return
    }
    if event.seq != .none {
      assert(event.seq == groups[at].head.next, "a group's seqs are gapless")
      groups[at].head = event.seq
    }
    groups[at].evolve(event, amendedBounds)
  }
}

extension MailboxState {
  fileprivate mutating func evolve(
    _ event: borrowing Event, _ amendedBounds: AmendedMemory.Bounds
  ) {
    switch event.body {
    case .messageSent:
      // Own notes are nobody's to deliver or to leave unread.
      if let sender = event.actor.user, !event.stream.isMailbox(of: sender) {
        received(event.messageID, from: sender, seq: event.seq)
      }
    case .messageCopied(_, let to, _): wrote(to: to)
    case .acked(let upTo, let senders, _):
      if let device = event.actor.device { acked(device, upTo: upTo, senders: senders) }
    case .groupCursors(let cursors):
      if let device = event.actor.device { devices.acked(device, cursors) }
    case .read(let peer, let upTo, _):
      guard let peer else { return }
      hasRead(peer, upTo: upTo)
      unmarkUnread(.user(peer))
    case .groupRead(let group, let upTo, _):
      groupReads.move(group, upTo: upTo)
      unmarkUnread(.group(group))
    case .groupCleared(let group, let upTo): groupReads.move(group, upTo: upTo)
    case .cursorOpened(let cursor, let registration):
      guard let device = event.actor.device else { return }
      devices.open(
        device, at: cursor, registration: registration == .none ? head.next : registration)
    case .groupJoined(let group, _):
      if !groups.contains(group) { groups.append(group) }
    case .groupLeft(let group, _):
      groups.removeAll { $0 == group }
      // Of a group that was dissolved: nobody comes back to it.
      if event.cause == nil { forget(group) }
    case .messageRecalled, .messageEdited, .reactionAdded, .reactionRemoved:
      if event.cause == nil { amended.evolve(event, amendedBounds) }
    case .amendmentWithheld: amended.evolve(event, amendedBounds)
    case .userBlocked(let user): blocked(user, true)
    case .userUnblocked(let user): blocked(user, false)
    case .conversationMarked(let conversation, let marks): marked(conversation, marks)
    case .conversationCleared(let peer, let upTo): if let peer { cleared(peer, upTo: upTo) }
    case .deviceForgotten(let device): devices.removeAll { $0.device == device }
    case .tokensRevoked(let revoked): revocations.take(revoked)
    case .messagesDelivered, .messagesRead, .noted, .messageWithheld, .groupInvited,
      .groupRefused, .groupWaiting, .sessionOpened, .sessionClosed:
      break
    case .groupCreated, .memberJoined, .memberLeft, .groupChanged, .memberInvited,
      .joinRequested, .joinRefused, .roleChanged, .memberSilenced, .groupDissolved,
      .messageTombstone:
      assertionFailure("\(event.kind) belongs into no mailbox")
    }
  }
}

extension GroupState {
  fileprivate mutating func evolve(
    _ event: borrowing Event, _ amendedBounds: AmendedMemory.Bounds
  ) {
    switch event.body {
    case .messageSent(let message):
      lastMessage = event.seq
      if message.receipts != .off { lastReceipted = event.seq }
    case .read(_, let upTo, _): if let user = event.actor.user { hasRead(user, upTo: upTo) }
    case .acked(let upTo, _, _):
      if let user = event.actor.user, let device = event.actor.device {
        acked(device, of: user, upTo: upTo)
      }
    case .cursorOpened(let cursor, let registration):
      if let user = event.actor.user, let device = event.actor.device {
        opened(device, of: user, at: cursor, registration: registration)
      }
    case .memberJoined(let member, let role, _):
      joined(member, role: role, at: event.firstSeen, reading: event.joinPosition)
    case .memberLeft(let member, let successor, _):
      left(member, successor: successor, at: event.lastSeen)
    case .messageRecalled, .messageEdited, .reactionAdded, .reactionRemoved:
      amended.evolve(event, amendedBounds)
    case .groupChanged(let settings): self.settings = settings
    case .memberInvited(let user, _): invited(user)
    case .joinRequested(let user, _): requested(user)
    case .joinRefused(let user, _): refused(user)
    case .roleChanged(let member, let role): changed(member, to: role)
    case .memberSilenced(let member, let isSilenced): silenced(member, isSilenced)
    case .groupDissolved: dissolved(at: event.seq)
    case .conversationCleared(_, let upTo):
      if let user = event.actor.user { cleared(user, upTo: upTo) }
    case .noted: break
    default: assertionFailure("\(event.kind) belongs into no group")
    }
  }
}

import DaybookModel

extension PartitionState {
  /// Takes an event into the state: the same for what was just decided and for what is replayed.
  package mutating func evolve(_ event: borrowing Event) {
    evolve(event, at: place(event.stream, event.actor, event.command?.origin))
  }

  mutating func evolve(_ event: borrowing Event, at place: Place) {
    clock.observe(event.messageID)
    recordedAt = max(recordedAt, event.recordedAt)
    if let command = event.command {
      let at =
        place.origin
        ?? origins.insert(IssuedOrigin(command.origin, by: event.actor), OriginWindow())
      origins.states[at].insert(
        OriginWindow.Entry(
          number: command.number, digest: command.digest, changed: event.kind != .noted,
          messageID: event.messageID, seq: event.seq, recordedAt: event.recordedAt))
    }
    if let cause = event.cause {
      sources[cause.partition] = SourcePosition(offset: cause.offset, index: cause.index)
    }
    switch event.stream.kind {
    case .user: evolveMailbox(event, at: place.stream)
    case .group: evolveGroup(event, at: place.stream)
    }
  }

  private mutating func evolveMailbox(_ event: borrowing Event, at known: Int?) {
    let at = known ?? mailboxes.insert(event.stream, MailboxState())
    if event.seq != .none {
      assert(event.seq == mailboxes.states[at].head.next, "a mailbox's seqs are gapless")
      mailboxes.states[at].head = event.seq
    }
    switch event.body {
    case .messageSent:
      // Own notes are nobody's to deliver or to leave unread.
      if let sender = event.actor.user, event.stream != .user(sender) {
        mailboxes.states[at].received(from: sender, seq: event.seq)
      }
    case .acked(let upTo, let senders):
      if let device = event.actor.device {
        mailboxes.states[at].acked(device, upTo: upTo, senders: senders)
      }
    case .read(let peer, let upTo):
      if let peer { mailboxes.states[at].hasRead(peer, upTo: upTo) }
    case .cursorOpened(let cursor):
      if let device = event.actor.device { mailboxes.states[at].devices.move(device, to: cursor) }
    case .groupJoined(let group, _):
      if !mailboxes.states[at].groups.contains(group) { mailboxes.states[at].groups.append(group) }
    case .groupLeft(let group, _):
      mailboxes.states[at].groups.removeAll { $0 == group }
    case .messageCopied, .messagesDelivered, .messagesRead, .groupRead, .noted: break
    case .groupCreated, .memberJoined, .memberLeft:
      assertionFailure("\(event.kind) belongs to a group's stream")
    }
  }

  private mutating func evolveGroup(_ event: borrowing Event, at known: Int?) {
    if case .groupCreated(let title) = event.body {
      var group = GroupState(title: title)
      group.head = event.seq
      if let creator = event.actor.user { group.joined(creator, at: event.seq) }
      _ = groups.insert(event.stream, group)
      return
    }
    guard let at = known else {
      // Only the note on a command that was refused nothing: a group begins with its creation.
      assert(event.kind == .noted, "\(event.kind) in a group that was not created")
      return
    }
    if event.seq != .none {
      assert(event.seq == groups.states[at].head.next, "a group's seqs are gapless")
      groups.states[at].head = event.seq
    }
    let user = event.actor.user
    switch event.body {
    case .messageSent: groups.states[at].lastMessage = event.seq
    case .memberJoined(let member): groups.states[at].joined(member, at: event.seq)
    case .memberLeft(let member): groups.states[at].left(member, at: event.seq)
    case .read(_, let upTo):
      if let user, let read = groups.states[at].members[user]?.read {
        groups.states[at].members[user]!.read = max(read, upTo)
      }
    case .acked(let seq, _), .cursorOpened(let seq):
      if let user, let device = event.actor.device {
        groups.states[at].members[user]?.devices.move(device, to: seq)
      }
    case .noted: break
    default: assertionFailure("\(event.kind) belongs to a mailbox")
    }
  }
}

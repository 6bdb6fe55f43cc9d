import DaybookModel
import Ports

extension PartitionState {
  /// Decides a command against everything decided before it. Pure: the same state, command and
  /// time give the same decision.
  package func decide(_ command: borrowing Command, now: Timestamp) -> Decision {
    decide(command, at: place(command.stream, command.actor, command.id?.origin), now: now)
  }

  func decide(_ command: borrowing Command, at place: Place, now: Timestamp) -> Decision {
    if command.observed != .none,
      command.observed.time.milliseconds > now.milliseconds + Limits.clockAheadMillisecondsMax
    {
      return .reject(
        DaybookError(
          .clockAhead, "the command names a message id from the future; set the clocks right"))
    }
    var draft = Draft(command, now: max(now, recordedAt))
    if let id = command.id {
      let digest = CommandDigest.of(command)
      switch place.origin.map({ origins.states[$0].lookup(id.number) }) ?? .unseen {
      case .unseen: draft.id = CommandID(origin: id.origin, number: id.number, digest: digest)
      case .seen(let entry): return PartitionState.answer(to: entry, digest: digest)
      case .expired:
        return .reject(
          DaybookError(
            .duplicateExpired,
            "number \(id.number) is more than \(Limits.originWindow) behind its origin's highest"))
      }
    }
    return switch command.stream.kind {
    case .user: decideMailbox(command, at: place.stream, draft)
    case .group: decideGroup(command, at: place.stream, draft)
    }
  }

  private static func answer(to entry: OriginWindow.Entry, digest: UInt32) -> Decision {
    guard entry.digest == digest else {
      return .reject(
        DaybookError(
          .numberConflict,
          "number \(entry.number) was used for another command; give each command its own"))
    }
    return .answer(
      CommandOutcome(
        messageID: entry.messageID, seq: entry.seq, recordedAt: entry.recordedAt, repeated: true,
        changed: entry.changed))
  }

  /// The next message id of this partition, above what the command's issuer has seen.
  func nextMessageID(_ command: borrowing Command, _ draft: Draft) -> MessageID {
    var clock = clock
    clock.observe(command.observed)
    return clock.next(now: draft.now, partition: partition)
  }
}

/// The parts of an event that don't depend on what it says.
struct Draft {
  let stream: StreamKey
  let actor: Actor
  let now: Timestamp
  var id: CommandID?

  init(_ command: borrowing Command, now: Timestamp) {
    stream = command.stream
    actor = command.actor
    self.now = now
  }

  /// An event, and the answer that it leads to.
  func append(
    _ body: Event.Body, seq: Seq = .none, messageID: MessageID = .none,
    position: StreamPosition? = nil
  ) -> Decision {
    .append(
      Event(
        stream: stream, seq: seq, messageID: messageID, recordedAt: now, actor: actor, command: id,
        body: body),
      CommandOutcome(
        messageID: messageID, seq: seq, recordedAt: now, position: position))
  }

  /// Accepted, with nothing to do. A retry must find that out again, so a numbered command
  /// leaves a note.
  func nothingToDo() -> Decision {
    let outcome = CommandOutcome(recordedAt: now, changed: false)
    guard id != nil else { return .answer(outcome) }
    return .append(
      Event(stream: stream, recordedAt: now, actor: actor, command: id, body: .noted), outcome)
  }
}

import DaybookModel
import Ports

extension PartitionState {
  /// Decides a command against everything decided before it. Pure: the same state, command,
  /// policy and time give the same decision.
  package func decide(
    _ command: borrowing Command, now: Timestamp, policy: DecisionPolicy = .standard
  ) -> Decision {
    decide(
      command, at: place(command.stream, command.actor, command.id?.origin), now: now,
      policy: policy)
  }

  func decide(
    _ command: borrowing Command, at place: Place, now: Timestamp, policy: DecisionPolicy
  ) -> Decision {
    if command.observed != .none,
      command.observed.time.milliseconds > now.milliseconds + Limits.clockAheadMillisecondsMax
    {
      return .reject(
        .clockAhead, "the command names a message id from the future; set the clocks right")
    }
    var draft = Draft(command, now: max(now, recordedAt), policy: policy)
    if let id = command.id {
      let digest = CommandDigest.of(command)
      switch place.origin.map({ origins.states[$0].lookup(id.number) }) ?? .unseen {
      case .unseen: draft.id = CommandID(origin: id.origin, number: id.number, digest: digest)
      case .seen(let entry):
        // What it asked for can't be said any more, and so not compared.
        if case .refused = command.body {
          return PartitionState.answer(to: entry, digest: entry.digest)
        }
        return PartitionState.answer(to: entry, digest: digest)
      case .expired:
        return .reject(
          .duplicateExpired,
          "number \(id.number) is more than \(Limits.originWindow) behind its origin's highest")
      }
    }
    if case .refused(let reason) = command.body { return .reject(reason) }
    return switch command.stream.kind {
    case .user: decideMailbox(command, at: place.stream, draft)
    case .group: decideGroup(command, at: place.stream, draft)
    }
  }

  private static func answer(to entry: OriginWindow.Entry, digest: UInt32) -> Decision {
    guard entry.digest == digest else {
      return .reject(
        .numberConflict,
        "number \(entry.number) was used for another command; give each command its own")
    }
    return .answer(
      CommandOutcome(
        messageID: entry.messageID, seq: entry.seq, recordedAt: entry.recordedAt, repeated: true,
        changed: entry.changed, pending: entry.pending))
  }

  /// The next message id of this partition, above what the command's issuer has seen.
  func nextMessageID(_ command: borrowing Command, _ draft: Draft) -> MessageID {
    var clock = clock
    clock.observe(command.observed)
    return clock.next(now: draft.now, partition: partition)
  }
}

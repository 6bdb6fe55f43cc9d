package import DaybookModel
package import Ports

extension PartitionState {
  /// Decides a command against everything decided before it. Pure: the same state, command,
  /// policy, time and `given` (ticks of the highest id of the partition that `observed` names) give
  /// the same decision.
  package func decide(
    _ command: borrowing Command, now: Timestamp, policy: DecisionPolicy = .standard,
    given: UInt64 = 0
  ) -> Decision {
    var read = self
    let place = read.place(
      command.stream, command.actor, command.id.map { command.issuedOrigin($0) })
    return read.decide(command, at: place, now: now, policy: policy, given: given)
  }

  func decide(
    _ command: borrowing Command, at place: Place, now: Timestamp, policy: DecisionPolicy,
    given: UInt64
  ) -> Decision {
    if let refusal = refusal(of: command.observed, now: now, given: given) {
      return .reject(refusal)
    }
    var draft = Draft(
      command, now: max(now, recordedAt), wallClock: now, policy: policy)
    if let id = command.id {
      let digest = CommandDigest.of(command)
      let (actor, stream) = (command.actor, command.stream)
      let said = origins.lookup(
        IssuedNumber(
          IssuedOrigin(id.origin, by: actor, in: id.isGapless ? stream : nil), number: id.number),
        id.number, at: place.origin)
      switch said {
      case .unseen:
        let next = id.isGapless ? origins.highest(at: place.origin) + 1 : id.number
        guard id.number <= next else { return .reject(.numberGap(next, in: stream)) }
        draft.id = CommandID(
          origin: id.origin, number: id.number, digest: digest, isGapless: id.isGapless)
      case .seen(let entry):
        // What it asked for can't be said any more, and so not compared.
        if case .refused = command.body {
          return PartitionState.answer(to: entry, digest: entry.digest)
        }
        return PartitionState.answer(to: entry, digest: digest)
      case .unknown:
        // Whoever holds the state asks the log first.
        return .reject(
          .overloaded, "whether number \(id.number) was used before is not known yet; retry")
      }
    }
    let decision = decide(command, at: place, draft)
    guard case .reject(let error) = decision, let id = draft.id, id.isGapless,
      !error.code.isTemporary
    else { return decision }
    return draft.refuse(error, id)
  }

  private func decide(
    _ command: borrowing Command, at place: Place, _ draft: Draft
  ) -> Decision {
    switch command.body {
    case .refused(let reason): return .reject(reason)
    case .nextNumber(let origin): return nextNumber(of: origin, draft)
    default: break
    }
    return switch command.stream.kind {
    case .user: decideMailbox(command, at: place.stream, draft)
    case .group: decideGroup(command, at: place.stream, draft)
    }
  }

  func nextNumber(of origin: Origin, _ draft: Draft) -> Decision {
    let issued = IssuedOrigin(origin, by: draft.actor, in: draft.stream)
    guard let highest = origins.highest(of: issued) else {
      // Whoever holds the state asks the log first.
      return .reject(.overloaded, "which number is next is not known yet; retry")
    }
    return .answer(.nextNumber(highest + 1, held: 0))
  }

  private static func answer(to entry: OriginWindow.Entry, digest: UInt32) -> Decision {
    guard entry.digest == digest else {
      return .reject(
        .numberConflict,
        "number \(entry.number) was used for another command; give each command its own")
    }
    if entry.refusal != 0 {
      return .reject(
        DaybookError(
          ErrorCode.numbered(UInt32(entry.refusal)),
          "number \(entry.number) was refused with this when it first came",
          nextNumber: entry.number + 1))
    }
    return .answer(
      .done(
        CommandResult(
          messageID: entry.messageID, seq: entry.seq, recordedAt: entry.recordedAt, repeated: true,
          changed: entry.changed, pending: entry.pending)))
  }

  /// An id that some partition gave is taken, however wrong a clock was or is: only what is merely
  /// claimed may not push the clock far. What this partition has seen itself moves nothing.
  private func refusal(of observed: MessageID, now: Timestamp, given: UInt64) -> DaybookError? {
    guard now <= MessageID.lastTime else {
      return DaybookError(
        .clockAhead,
        "this server's clock says \(now.rfc3339), and message ids end at "
          + "\(MessageID.lastTime.rfc3339): it has to be set right")
    }
    guard observed.isInRange else {
      return DaybookError(.invalidRequest, "\(observed) is no message id: they have 63 bits")
    }
    let ahead = observed.time.milliseconds > now.milliseconds + Limits.clockAheadMillisecondsMax
    guard ahead, observed.ticks > max(given, clock.ticks) else { return nil }
    return DaybookError(
      .clockAhead,
      "no partition has given message id \(observed), which is of \(observed.time.rfc3339) "
        + "by a clock that says \(now.rfc3339)")
  }

  /// The next message id of this partition, above what the command's issuer has seen. Nil if there
  /// is none left.
  func nextMessageID(_ command: borrowing Command, _ draft: Draft) -> MessageID? {
    var clock = clock
    clock.observe(command.observed)
    return clock.next(now: draft.wallClock, partition: partition)
  }

  var idsExhausted: Decision {
    .reject(
      .idsExhausted,
      "partition \(partition) has given its last message id: it takes no more messages")
  }
}

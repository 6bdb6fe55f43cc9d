import DaybookModel
import Ports

/// What an owner logs by itself around a command's event, in the same batch: so that no log has the
/// one without the other.
extension PartitionState {
  /// Behind a join or a leave, once that is in the state: a group that has grown too large for its
  /// members to be listed, or small enough again; and whose the group is now, where a leave tells that
  /// to nobody.
  func following(_ event: borrowing Event, at place: Int?, _ policy: DecisionPolicy) -> [Event] {
    guard let place else { return [] }
    var bodies: [Event.Body] = []
    switch event.body {
    case .memberLeft(_, let successor?, _) where event.seq == .none:
      bodies.append(.roleChanged(successor, .owner))
    case .memberJoined, .memberLeft: break
    default: return []
    }
    if let settings = groups[place].crossing(policy) { bodies.append(.groupChanged(settings)) }
    var seq = groups[place].head
    return bodies.map { body in
      seq = seq.next
      return Event(
        stream: event.stream, seq: seq, recordedAt: event.recordedAt, actor: .none, body: body)
    }
  }

  /// In front of the opening of a mailbox: its devices that were silent for too long are forgotten, also
  /// the one that opens it, which is a new one then.
  func preceding(
    _ command: borrowing Command, at place: Int?, now: Timestamp, _ policy: DecisionPolicy
  ) -> [Event] {
    guard case .openCursor = command.body, let place, command.stream.kind == .user,
      let user = command.actor.user, command.stream.isMailbox(of: user)
    else { return [] }
    let silent = mailboxes[place].devices.filter {
      elapsed >= $0.active + policy.deviceSilenceMilliseconds
    }
    var seq = mailboxes[place].head
    return silent.map { device in
      seq = seq.next
      return Event(
        stream: command.stream, seq: seq, recordedAt: max(now, recordedAt), actor: .none,
        body: .deviceForgotten(device.device))
    }
  }
}

extension GroupState {
  /// The settings with which the group crosses a bound, if it does.
  fileprivate func crossing(_ policy: DecisionPolicy) -> GroupSettings? {
    let isListed = settings.areMembersListed
    let crosses =
      isListed
      ? memberCount > policy.announcedMembersMax : memberCount < policy.announcedAgainBelow
    guard crosses else { return nil }
    var settings = settings
    settings.membersListed = !isListed
    return settings
  }
}

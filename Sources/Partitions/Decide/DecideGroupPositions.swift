import DaybookModel
import Ports

/// How far the owner of a mailbox, and its devices, have come in groups. Whoever asks has asked the
/// group first: that the owner is a member, and how far the group goes.
extension MailboxState {
  func decideAckGroups(
    _ cursors: [GroupPosition], _ registration: Seq, _ draft: Draft
  ) -> Decision {
    guard let device = draft.actor.device, let known = devices[device],
      known.isRegistered(as: registration)
    else { return .unknownDevice(draft.stream) }
    let news = cursors.filter { $0.upTo > known.groups[$0.group] }
    assert(news.count <= Limits.groupCursorsMax, "what is over is in another command")
    return news.isEmpty ? draft.nothingToDo() : draft.append(.groupCursors(news), seq: .none)
  }

  func decideReadGroup(
    _ group: GroupID, _ upTo: Seq, _ reading: GroupReading, _ draft: Draft
  ) -> Decision {
    let seen = max(groupReads[group], reading.seen)
    // A read that covers no message that was not read before says nothing new to anyone.
    guard upTo > seen, reading.lastMessage > seen else { return draft.nothingToDo() }
    return draft.append(.groupRead(group, upTo: upTo, isTold: reading.tells), seq: head.next)
  }
}

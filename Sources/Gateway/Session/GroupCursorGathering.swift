import DaybookModel
import NIOCore
import Ports

/// How far the device has acked groups, on its way to the log: gathered for some seconds, one command
/// for all groups, whatever their size. Gathering is for the log alone: windows slide when acks come.
/// What is lost costs a redelivery, which the client knows by its seq.
struct GroupCursorGathering {
  /// `flush` is to be called.
  private var isScheduled = false
  private var pending = GroupPositions()
  /// The last ack that is in it: an error is that one's.
  private var sequence: UInt32 = 0

  mutating func gather(
    _ group: GroupID, upTo: Seq, sequence: UInt32, _ output: inout SessionOutput
  ) {
    pending.move(group, upTo: upTo)
    self.sequence = sequence
    guard !isScheduled else { return }
    isScheduled = true
    output.actions.append(.scheduleGroupCursors)
  }

  /// After the interval, and at the session's end. `registration` is the device's to its mailbox.
  mutating func flush(
    in mailbox: StreamKey, by actor: Actor, _ registration: Seq, _ output: inout SessionOutput
  ) {
    isScheduled = false
    var rest = pending.entries[...]
    pending = GroupPositions()
    while !rest.isEmpty {
      let cursors = Array(rest.prefix(Limits.groupCursorsMax))
      rest = rest.dropFirst(Limits.groupCursorsMax)
      output.actions.append(
        .submit(
          Command(
            stream: mailbox, actor: actor, id: nil,
            body: .ackGroups(cursors, registration: registration)),
          CommandPurpose(sequence: sequence, kind: .ack)))
    }
  }
}

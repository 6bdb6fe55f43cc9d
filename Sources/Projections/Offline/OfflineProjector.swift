import DaybookModel

/// What waits for each device: heads of streams, cursors of devices, and what members may see.
final class OfflineProjector: Projector {
  private let streams = RowTable<StreamHead>()
  private let cursors = RowTable<DeviceCursor>()
  private let groupCursors = RowTable<GroupCursorRow>()
  private let memberships = RowTable<Membership>()
  private let pastStays = RowLog<PastStay>()

  var tables: [any ProjectionTable] { [streams, cursors, groupCursors, memberships, pastStays] }

  func fold(_ batch: DecodedBatch) throws(DaybookError) {
    for index in batch.indices {
      try fold(batch.events[index])
    }
  }

  private func fold(_ event: borrowing Event) throws(DaybookError) {
    let seq = event.seq
    if seq > .none {
      let slot = try streams.find(
        RowKey(event.stream), orMake: StreamHead(stream: event.stream.text))
      streams.change(slot) { $0.head = max($0.head, seq) }
    }
    switch event.body {
    case .acked(let upTo, _, _): try moveCursor(event, to: upTo)
    case .groupCursors(let cursors): try moveCursors(event, to: cursors)
    case .cursorOpened(let cursor, let registration):
      try openCursor(event, at: cursor, as: registration)
    case .deviceForgotten(let device): try forget(device, of: event.stream)
    case .groupCreated:
      if let user = event.actor.user { try join(event.stream, user, at: seq) }
    case .memberJoined(let user, _, _): try join(event.stream, user, at: event.firstSeen)
    case .memberLeft(let user, _, _): try leave(event.stream, user, at: event.lastSeen)
    case .groupDissolved:
      let slot = try streams.find(
        RowKey(event.stream), orMake: StreamHead(stream: event.stream.text))
      streams.change(slot) { $0.dissolved = seq }
    default: break
    }
  }

  private func moveCursor(_ event: borrowing Event, to seq: Seq) throws(DaybookError) {
    guard let slot = try findCursor(event) else { return }
    cursors.change(slot) { $0.cursor = max($0.cursor, seq) }
  }

  /// Of a device that its mailbox knows. What an earlier one of that name has acked doesn't count.
  private func moveCursors(
    _ event: borrowing Event, to positions: [GroupPosition]
  ) throws(DaybookError) {
    let mailbox = event.stream
    guard let known = try findCursor(event), let device = event.actor.device else { return }
    let registration = cursors.row(known).registration
    for position in positions {
      let conversation = StreamKey.group(position.group).text
      let slot = try groupCursors.find(
        RowKey(mailbox, device.text, conversation),
        orMake: GroupCursorRow(
          stream: mailbox.text, device: device.text, conversation: conversation))
      groupCursors.change(slot) { row in
        let isSame = row.registration == registration
        row.cursor = isSame ? max(row.cursor, position.upTo) : position.upTo
        row.registration = registration
      }
    }
  }

  /// Wherever the device was before: it was forgotten meanwhile, or is a new one.
  private func openCursor(
    _ event: borrowing Event, at seq: Seq, as registration: Seq
  ) throws(DaybookError) {
    guard let slot = try findCursor(event) else { return }
    cursors.change(slot) { row in
      row.cursor = seq
      row.isForgotten = false
      row.registration = registration
    }
  }

  private func findCursor(_ event: borrowing Event) throws(DaybookError) -> Int? {
    guard let user = event.actor.user, let device = event.actor.device else { return nil }
    return try cursors.find(
      RowKey(event.stream, user.text, device.text),
      orMake: DeviceCursor(stream: event.stream.text, user: user.text, device: device.text))
  }

  /// Only the mailbox says whether a device is known: its cursors in groups mean nothing then.
  private func forget(_ device: DeviceID, of mailbox: StreamKey) throws(DaybookError) {
    guard let slot = try cursors.find(RowKey(mailbox, mailbox.id, device.text)) else { return }
    cursors.change(slot) { $0.isForgotten = true }
  }

  private func join(_ group: StreamKey, _ user: UserID, at seq: Seq) throws(DaybookError) {
    let slot = try memberships.find(
      RowKey(group, user.text), orMake: Membership(stream: group.text, user: user.text))
    guard memberships.row(slot).since == .none else { return }
    memberships.change(slot) { $0.since = seq }
  }

  private func leave(_ group: StreamKey, _ user: UserID, at seq: Seq) throws(DaybookError) {
    guard let slot = try memberships.find(RowKey(group, user.text)) else { return }
    let since = memberships.row(slot).since
    guard since > .none else { return }
    memberships.change(slot) { $0.since = .none }
    pastStays.append(
      PastStay(stream: group.text, user: user.text, first: since, last: seq))
  }
}

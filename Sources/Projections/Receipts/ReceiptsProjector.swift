import DaybookModel

/// Who has read up to where, and since when. Messages concern it in nothing: only acks of new ones,
/// reads, and who comes and goes.
final class ReceiptsProjector: Projector {
  private let groups = RowTable<Audience>()
  private let members = RowTable<MemberPosition>()
  private let positionCounts = RowTable<PositionCount>()
  private let directs = RowTable<DirectPosition>()
  private let reads = RowLog<ReadMove>()
  private let deliveries = RowLog<Delivery>()

  var tables: [any ProjectionTable] {
    [groups, members, positionCounts, directs, reads, deliveries]
  }

  func fold(_ batch: DecodedBatch) throws(DaybookError) {
    for index in batch.indices { try fold(batch.events[index]) }
  }

  private func fold(_ event: borrowing Event) throws(DaybookError) {
    switch event.body {
    case .acked(let upTo, let senders, let after):
      // Whoever acks what others have acked before delivers nothing, and of a blocked sender nothing
      // that is told.
      for sender in senders { try deliver(event, of: sender, after: after, upTo: upTo) }
    case .read(let peer?, let upTo, let notice):
      // Whom a read does not tell, receipts don't.
      if notice != .nobody { try directRead(event, of: peer, upTo: upTo, telling: notice) }
    case .read(nil, let upTo, _): try groupRead(event, upTo: upTo)
    case .groupCreated:
      if let user = event.actor.user { try join(event.stream, user, at: event.seq) }
    case .memberJoined(let user, _, _): try join(event.stream, user, at: event.joinPosition)
    case .memberLeft(let user, _, _): try leave(event.stream, user)
    // A dissolved group's audience stays as it was.
    default: break
    }
  }

  // MARK: Mailboxes

  private func deliver(
    _ event: borrowing Event, of sender: DeliveredSender, after: Seq, upTo: Seq
  ) throws(DaybookError) {
    let stream = event.stream
    let slot = try directs.find(
      RowKey(stream, sender.user.text),
      orMake: DirectPosition(stream: stream.text, peer: sender.user.text))
    guard upTo > directs.row(slot).deliveredSeq else { return }
    directs.change(slot) { $0.deliveredSeq = upTo }
    deliveries.append(
      Delivery(
        stream: stream.text, sender: sender, after: after, upTo: upTo, at: event.recordedAt))
  }

  private func directRead(
    _ event: borrowing Event, of peer: UserID, upTo: Seq, telling notice: ReadNotice
  ) throws(DaybookError) {
    let stream = event.stream
    let slot = try directs.find(
      RowKey(stream, peer.text), orMake: DirectPosition(stream: stream.text, peer: peer.text))
    guard upTo > directs.row(slot).readSeq else { return }
    directs.change(slot) { $0.readSeq = upTo }
    reads.append(
      ReadMove(
        stream: stream.text, user: peer.text, upTo: upTo, at: event.recordedAt,
        message: notice.message))
  }

  // MARK: Groups

  private func groupRead(_ event: borrowing Event, upTo: Seq) throws(DaybookError) {
    let stream = event.stream
    guard let user = event.actor.user, let slot = try members.find(RowKey(stream, user.text))
    else { return }
    let row = members.row(slot)
    guard row.isMember, upTo > row.readSeq else { return }
    members.change(slot) { $0.readSeq = upTo }
    // What holds both positions counts the same as before.
    for (old, new) in zip(PositionTree.nodes(of: row.readSeq), PositionTree.nodes(of: upTo)) {
      guard old != new else { break }
      try count(old, in: stream) { $0.reads &-= 1 }
      try count(new, in: stream) { $0.reads &+= 1 }
    }
    reads.append(
      ReadMove(stream: stream.text, user: user.text, upTo: upTo, at: event.recordedAt))
  }

  private func join(_ group: StreamKey, _ user: UserID, at seq: Seq) throws(DaybookError) {
    let slot = try members.find(
      RowKey(group, user.text), orMake: MemberPosition(stream: group.text, user: user.text))
    guard !members.row(slot).isMember else { return }
    members.change(slot) { row in
      row.isMember = true
      (row.joinSeq, row.readSeq) = (seq, seq)
    }
    for node in PositionTree.nodes(of: seq) {
      try count(node, in: group) { row in
        row.reads &+= 1
        row.joins &+= 1
      }
    }
    let audience = try groups.find(RowKey(group), orMake: Audience(stream: group.text))
    groups.change(audience) { $0.members &+= 1 }
  }

  private func leave(_ group: StreamKey, _ user: UserID) throws(DaybookError) {
    guard let slot = try members.find(RowKey(group, user.text)) else { return }
    let row = members.row(slot)
    guard row.isMember else { return }
    members.change(slot) { $0.isMember = false }
    for node in PositionTree.nodes(of: row.readSeq) {
      try count(node, in: group) { $0.reads &-= 1 }
    }
    for node in PositionTree.nodes(of: row.joinSeq) {
      try count(node, in: group) { $0.joins &-= 1 }
    }
    let audience = try groups.find(RowKey(group), orMake: Audience(stream: group.text))
    groups.change(audience) { $0.members &-= 1 }
  }

  private func count(
    _ node: UInt64, in group: StreamKey, _ change: (inout PositionCount) -> Void
  ) throws(DaybookError) {
    let slot = try positionCounts.find(
      RowKey(group, number: node), orMake: PositionCount(stream: group.text, node: node))
    positionCounts.change(slot, change)
  }
}

import DaybookModel
import Ports

/// unread(user, conversation) = messages by others after the read position. A message costs the
/// same whatever the size of the group that it goes to.
final class UnreadProjector: Projector {
  private let log: any LogReader
  private let directs = RowTable<DirectUnread>()
  private let groups = RowTable<GroupMessages>()
  private let members = RowTable<GroupReader>()

  init(log: any LogReader) { self.log = log }

  var tables: [any ProjectionTable] { [directs, groups, members] }

  func fold(_ batch: DecodedBatch) throws(DaybookError) {
    for index in batch.first..<batch.events.count {
      let position = Position(partition: batch.partition, offset: batch.offset(of: index))
      switch batch.events[index].stream.kind {
      case .user: try foldMailbox(batch.events[index], position)
      case .group: try foldGroup(batch.events[index], position)
      }
    }
  }

  private struct Position {
    let partition: PartitionID
    let offset: Offset
  }

  // MARK: Mailboxes

  private func foldMailbox(_ event: borrowing Event, _ position: Position) throws(DaybookError) {
    switch event.body {
    case .messageSent: try directMessage(event)
    case .read(let peer?, let upTo):
      try directRead(event.stream, peer: peer, upTo: upTo, position)
    default: break
    }
  }

  private func directMessage(_ event: borrowing Event) throws(DaybookError) {
    guard let peer = event.actor.user, !isOwner(peer, of: event.stream) else { return }
    let slot = try directs.find(
      RowKey(event.stream, peer.text),
      orMake: DirectUnread(stream: event.stream.text, peer: peer.text))
    let (seq, id) = (event.seq, event.messageID)
    directs.change(slot) { row in
      row.unread += 1
      row.lastSeq = seq
      row.lastMessageID = id
      // One peer, so there is nobody to tell apart.
      row.recent.append(seq, sender: nil)
    }
  }

  /// Messages to oneself are never unread.
  private func isOwner(_ user: UserID, of mailbox: StreamKey) -> Bool {
    mailbox.text.utf8.dropFirst("user/".utf8.count).elementsEqual(user.text.utf8)
  }

  private func directRead(
    _ mailbox: StreamKey, peer: UserID, upTo: Seq, _ position: Position
  ) throws(DaybookError) {
    // Without a message by the peer there is nothing to read, and later ones have later seqs.
    guard let slot = try directs.find(RowKey(mailbox, peer.text)) else { return }
    let row = directs.row(slot)
    guard upTo > row.readSeq else { return }
    let counted = try count(
      ConversationKey(stream: mailbox, peer: peer), position, from: row.readSeq, upTo: upTo,
      last: (row.lastMessageID, row.lastSeq), row.recent, by: nil)
    directs.change(slot) { row in
      switch counted {
      case .leaves(let all, _): row.unread = all
      case .takes(let all, _): row.unread -= all
      }
      row.readSeq = upTo
    }
  }

  private func count(
    _ conversation: ConversationKey, _ position: Position, from readSeq: Seq, upTo: Seq,
    last: (id: MessageID, seq: Seq), _ recent: RecentMessages, by reader: UserID?
  ) throws(DaybookError) -> ReadCount {
    guard upTo < last.seq else { return .leaves(all: 0, own: 0) }
    if let counted = recent.count(after: upTo, by: reader) {
      return .leaves(all: counted.all, own: counted.own)
    }
    let counting = ReadCounting(
      log: log, partition: position.partition, conversation: conversation,
      below: position.offset)
    return try counting.count(from: readSeq, upTo: upTo, last: last, by: reader)
  }

  // MARK: Groups

  private func foldGroup(_ event: borrowing Event, _ position: Position) throws(DaybookError) {
    switch event.body {
    case .messageSent: try groupMessage(event)
    case .read(_, let upTo):
      if let user = event.actor.user { try groupRead(event.stream, user, upTo: upTo, position) }
    case .groupCreated:
      if let user = event.actor.user { try join(event.stream, user, at: event.seq) }
    case .memberJoined(let user): try join(event.stream, user, at: event.seq)
    case .memberLeft(let user): try leave(event.stream, user)
    default: break
    }
  }

  private func groupMessage(_ event: borrowing Event) throws(DaybookError) {
    let slot = try findGroup(event.stream)
    let (seq, id) = (event.seq, event.messageID)
    let sender = event.actor.user
    groups.change(slot) { row in
      row.messages += 1
      row.lastSeq = seq
      row.lastMessageID = id
      row.recent.append(seq, sender: sender)
    }
    guard let sender, let member = try members.find(RowKey(event.stream, sender.text)) else {
      return
    }
    members.change(member) { $0.ownAfter += 1 }
  }

  private func findGroup(_ group: StreamKey) throws(DaybookError) -> Int {
    try groups.find(RowKey(group), orMake: GroupMessages(stream: group.text))
  }

  private func join(_ group: StreamKey, _ user: UserID, at seq: Seq) throws(DaybookError) {
    let messages = groups.row(try findGroup(group)).messages
    let slot = try members.find(
      RowKey(group, user.text), orMake: GroupReader(stream: group.text, user: user.text))
    guard !members.row(slot).isMember else { return }
    members.change(slot) { row in
      row.isMember = true
      row.joinSeq = seq
      row.readSeq = seq
      row.messagesAtRead = messages
      row.ownAfter = 0
    }
  }

  private func leave(_ group: StreamKey, _ user: UserID) throws(DaybookError) {
    guard let slot = try members.find(RowKey(group, user.text)) else { return }
    members.change(slot) { $0.isMember = false }
  }

  private func groupRead(
    _ group: StreamKey, _ user: UserID, upTo: Seq, _ position: Position
  ) throws(DaybookError) {
    guard let slot = try members.find(RowKey(group, user.text)) else { return }
    let reader = members.row(slot)
    guard reader.isMember, upTo > reader.readSeq else { return }
    let row = groups.row(try findGroup(group))
    let counted = try count(
      ConversationKey(stream: group, peer: nil), position, from: reader.readSeq, upTo: upTo,
      last: (row.lastMessageID, row.lastSeq), row.recent, by: user)
    members.change(slot) { reader in
      switch counted {
      case .leaves(let all, let own):
        reader.messagesAtRead = row.messages - all
        reader.ownAfter = own
      case .takes(let all, let own):
        reader.messagesAtRead += all
        reader.ownAfter -= own
      }
      reader.readSeq = upTo
    }
  }
}

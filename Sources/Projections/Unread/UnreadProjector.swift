import DaybookModel
import LogReading
import Ports

/// unread(user, conversation) = messages by others after the read position. A message costs the
/// same whatever the size of the group that it goes to, and a mention or a recall costs one row. What was
/// recalled does not count: whoever has not read it does not see it any more.
final class UnreadProjector: Projector {
  private let log: any SearchableLog
  private let directs = RowTable<DirectUnread>()
  private let groups = RowTable<GroupMessages>(rowsMax: Limits.projectedGroupsMax)
  private let members = RowTable<GroupReader>()
  private let marks = RowTable<MarkedRow>()
  private let blocked = RowTable<BlockedRow>()
  private let groupReads = RowTable<GroupReadRow>()
  private let recalled = RowTable<RecalledRow>()

  init(log: any SearchableLog) { self.log = log }

  var tables: [any ProjectionTable] {
    [directs, groups, members, marks, blocked, groupReads, recalled]
  }

  func fold(_ batch: DecodedBatch) throws(DaybookError) {
    for index in batch.indices {
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

  private func count(
    _ conversation: ConversationKey, _ position: Position, from readSeq: Seq, upTo: Seq,
    last: (id: MessageID, seq: Seq), recent left: MessageTally?, by reader: UserID
  ) throws(DaybookError) -> ReadCount {
    guard upTo < last.seq else { return .leaves(MessageTally()) }
    if let left { return .leaves(left) }
    let counting = ReadCounting(
      log: log, partition: position.partition, conversation: conversation,
      below: position.offset)
    return try counting.count(from: readSeq, upTo: upTo, last: last, by: reader)
  }
}

// MARK: Recalls

extension UnreadProjector {
  /// What the relay has written names no seq: it is about a copy of the owner's, which never counts.
  private func recall(_ event: borrowing Event, _ target: MessageTarget) throws(DaybookError) {
    guard target.seq != .none else { return }
    let stream = StreamRange(log: log, stream: event.stream)
    guard let message = try stream.event(at: target.seq), let sender = message.actor.user,
      case .messageSent(let sent) = message.body
    else { return }
    let slot = try recalled.find(
      RowKey(event.stream, number: target.seq.rawValue),
      orMake: RecalledRow(stream: event.stream.text, seq: target.seq))
    recalled.change(slot) { $0.take(sender, sent.extras) }
  }
}

// MARK: Mailboxes

extension UnreadProjector {
  private func foldMailbox(_ event: borrowing Event, _ position: Position) throws(DaybookError) {
    switch event.body {
    case .messageSent(let message): try directMessage(event, message.extras)
    case .read(let peer?, let upTo, _):
      try directRead(event.stream, peer: peer, upTo: upTo, position)
      if !marks.isEmpty { try unmarkUnread(.user(peer), in: event.stream) }
    case .conversationCleared(let peer?, let upTo):
      try directRead(event.stream, peer: peer, upTo: upTo, position)
    case .groupRead(let group, let upTo, _):
      try readGroup(group, in: event.stream, upTo: upTo)
      if !marks.isEmpty { try unmarkUnread(.group(group), in: event.stream) }
    case .conversationMarked(let conversation, let marks):
      try mark(conversation, in: event.stream, marks)
    case .userBlocked(let peer): try block(peer, in: event.stream, true)
    case .userUnblocked(let peer): try block(peer, in: event.stream, false)
    case .messageRecalled(let target): try recall(event, target)
    default: break
    }
  }

  private func directMessage(
    _ event: borrowing Event, _ extras: MessageExtras?
  ) throws(DaybookError) {
    // Messages to oneself are never unread.
    guard let peer = event.actor.user, !event.stream.isMailbox(of: peer) else { return }
    let slot = try directs.find(
      RowKey(event.stream, peer.text),
      orMake: DirectUnread(stream: event.stream.text, peer: peer.text))
    let (seq, id) = (event.seq, event.messageID)
    let stream = event.stream
    let isMentioned = extras?.mentions.contains { stream.isMailbox(of: $0) } ?? false
    directs.change(slot) { row in
      row.unread &+= 1
      if isMentioned { row.mentions &+= 1 }
      row.lastSeq = seq
      row.lastMessageID = id
      row.recent.append(seq, isMentioned: isMentioned)
    }
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
      last: (row.lastMessageID, row.lastSeq), recent: row.recent.tally(after: upTo),
      by: UserID(checked: mailbox.id))
    directs.change(slot) { row in
      switch counted {
      case .leaves(let left): (row.unread, row.mentions) = (left.all, left.mentioned)
      case .takes(let taken):
        row.unread &-= taken.all
        row.mentions &-= taken.mentioned
      }
      row.readSeq = upTo
    }
  }

  /// Nothing is counted here: the group's messages are another partition's, and whichever is folded
  /// first, the same rows come of it.
  private func readGroup(
    _ group: GroupID, in mailbox: StreamKey, upTo: Seq
  ) throws(DaybookError) {
    let conversation = StreamKey.group(group).text
    let slot = try groupReads.find(
      RowKey(mailbox, conversation),
      orMake: GroupReadRow(stream: mailbox.text, conversation: conversation))
    guard upTo > groupReads.row(slot).readSeq else { return }
    groupReads.change(slot) { $0.readSeq = upTo }
  }

  private func mark(
    _ conversation: StreamKey, in mailbox: StreamKey, _ changed: ConversationMarks
  ) throws(DaybookError) {
    let slot = try marks.find(
      RowKey(mailbox, conversation.text),
      orMake: MarkedRow(stream: mailbox.text, conversation: conversation.text))
    marks.change(slot) { $0.marks = changed }
  }

  private func unmarkUnread(
    _ conversation: StreamKey, in mailbox: StreamKey
  ) throws(DaybookError) {
    guard let slot = try marks.find(RowKey(mailbox, conversation.text)),
      marks.row(slot).marks.isUnread
    else { return }
    marks.change(slot) { $0.marks.isUnread = false }
  }

  private func block(
    _ peer: UserID, in mailbox: StreamKey, _ isBlocked: Bool
  ) throws(DaybookError) {
    let slot = try blocked.find(
      RowKey(mailbox, peer.text), orMake: BlockedRow(stream: mailbox.text, peer: peer.text))
    blocked.change(slot) { $0.isBlocked = isBlocked }
  }
}

// MARK: Groups

extension UnreadProjector {
  private func foldGroup(_ event: borrowing Event, _ position: Position) throws(DaybookError) {
    switch event.body {
    case .messageSent(let message): try groupMessage(event, message.extras?.ifMentioning)
    case .read(_, let upTo, _), .conversationCleared(_, let upTo):
      if let user = event.actor.user { try groupRead(event.stream, user, upTo: upTo, position) }
    case .groupCreated:
      if let user = event.actor.user { try join(event.stream, user, at: event.seq) }
    case .memberJoined(let user, _, _): try join(event.stream, user, at: event.joinPosition)
    case .memberLeft(let user, _, _): try leave(event.stream, user)
    case .groupDissolved:
      let slot = try findGroup(event.stream)
      groups.change(slot) { $0.isDissolved = true }
    case .messageRecalled(let target): try recall(event, target)
    default: break
    }
  }

  private func groupMessage(
    _ event: borrowing Event, _ mentions: MessageExtras?
  ) throws(DaybookError) {
    let slot = try findGroup(event.stream)
    let (seq, id) = (event.seq, event.messageID)
    let sender = event.actor.user
    let isToEveryone = mentions?.mentionsEveryone ?? false
    groups.change(slot) { row in
      row.messages &+= 1
      if isToEveryone { row.everyone &+= 1 }
      row.lastSeq = seq
      row.lastMessageID = id
      row.recent.append(seq, sender: sender, mentions: mentions)
    }
    if let sender, let member = try members.find(RowKey(event.stream, sender.text)) {
      members.change(member) { row in
        row.ownAfter &+= 1
        if isToEveryone { row.ownEveryoneAfter &+= 1 }
      }
    }
    // Who is named besides everyone is mentioned once.
    guard let mentions, !isToEveryone else { return }
    for user in Set(mentions.mentions) where user != sender {
      guard let member = try members.find(RowKey(event.stream, user.text)),
        members.row(member).isMember
      else { continue }
      members.change(member) { $0.mentionedAfter &+= 1 }
    }
  }

  private func findGroup(_ group: StreamKey) throws(DaybookError) -> Int {
    try groups.find(RowKey(group), orMake: GroupMessages(stream: group.text))
  }

  private func join(_ group: StreamKey, _ user: UserID, at seq: Seq) throws(DaybookError) {
    let row = groups.row(try findGroup(group))
    let slot = try members.find(
      RowKey(group, user.text), orMake: GroupReader(stream: group.text, user: user.text))
    guard !members.row(slot).isMember else { return }
    members.change(slot) { $0.join(at: seq, messages: row.messages, everyone: row.everyone) }
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
      last: (row.lastMessageID, row.lastSeq),
      recent: row.recent.tally(after: upTo, for: user), by: user)
    members.change(slot) { $0.read(upTo: upTo, counted, of: row) }
  }
}

import DaybookModel

/// Heads of conversations, and who reacts to what. Edits and recalls are found through the log.
final class HistoryProjector: Projector {
  private let conversations = RowTable<ConversationHead>()
  private let reactions = RowTable<UserReaction>()
  private let reactionCounts = RowTable<ReactionCount>()
  private let recalls = RowLog<RecalledMessage>()

  var tables: [any ProjectionTable] { [conversations, reactions, reactionCounts, recalls] }

  func fold(_ batch: DecodedBatch) throws(DaybookError) {
    for index in batch.indices {
      switch batch.events[index].body {
      case .messageSent:
        let peer = batch.events[index].stream.kind == .group ? nil : batch.events[index].actor.user
        try message(batch.events[index], peer: peer?.text ?? "", at: batch.offset(of: index))
      case .messageCopied(_, let to, _):
        try message(batch.events[index], peer: to.text, at: batch.offset(of: index))
      case .reactionAdded(_, let reaction): try react(batch.events[index], reaction, added: true)
      case .reactionRemoved(_, let reaction):
        try react(batch.events[index], reaction, added: false)
      case .messageRecalled: recall(batch.events[index])
      default: break
      }
    }
  }

  private func message(
    _ event: borrowing Event, peer: String, at offset: Offset
  ) throws(DaybookError) {
    let slot = try conversations.find(
      RowKey(event.stream, peer), orMake: ConversationHead(stream: event.stream.text, peer: peer))
    let (id, seq, recordedAt) = (event.messageID, event.seq, event.recordedAt)
    conversations.change(slot) { head in
      head.messages &+= 1
      guard id > head.lastMessageID else { return }
      head.lastMessageID = id
      head.lastSeq = seq
      head.lastOffset = offset
      head.lastRecordedAt = recordedAt
    }
  }

  private func react(
    _ event: borrowing Event, _ reaction: String, added: Bool
  ) throws(DaybookError) {
    guard let user = event.actor.user else { return }
    let (stream, id, seq) = (event.stream, event.messageID, event.seq)
    let slot = try reactions.find(
      RowKey(stream, number: id.rawValue, user.text, reaction),
      orMake: UserReaction(
        stream: stream.text, messageID: id, user: user.text, reaction: reaction))
    guard reactions.row(slot).isPresent != added else { return }
    reactions.change(slot) { row in
      row.isPresent = added
      row.seq = seq
    }
    let count = try reactionCounts.find(
      RowKey(stream, number: id.rawValue, reaction),
      orMake: ReactionCount(stream: stream.text, messageID: id, reaction: reaction))
    reactionCounts.change(count) { $0.users = added ? $0.users &+ 1 : $0.users &- 1 }
  }

  private func recall(_ event: borrowing Event) {
    recalls.append(
      RecalledMessage(
        stream: event.stream.text, messageID: event.messageID,
        user: event.actor.user?.text ?? "", recalledAt: event.recordedAt))
  }
}

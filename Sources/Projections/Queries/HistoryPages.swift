import DaybookModel
import DaybookSchema
import Ports

/// Pages of history, and a stream's events, read from the log through its postings. Blocking.
struct HistoryPages: Sendable {
  let log: any LogReader

  /// Entries of the postings asked for at a time.
  private static let pageMax = 1_024

  private struct Found {
    let event: StoredEvent
    let seq: Seq
    let messageID: MessageID
  }

  /// The newest `limit` messages below `before` that `visible` lets through, by ascending id.
  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, visible: [SeqInterval]?
  ) throws(DaybookError) -> HistoryPage {
    guard limit > 0 else { return HistoryPage(messages: [], more: false) }
    // Newest first, and one more than wanted, which tells whether there are older ones.
    var newest: [Found] = []
    var bound = before
    var isExhausted = false
    while newest.count <= limit, !isExhausted {
      let wanted = min(limit - newest.count + 1, HistoryPages.pageMax)
      let page = try messages(of: conversation, before: bound, limit: wanted)
      for found in page.messages.reversed() {
        if let visible, isBelow(found.seq, visible) {
          isExhausted = true
          break
        }
        if visible?.contains(where: { $0.contains(found.seq) }) ?? true { newest.append(found) }
      }
      guard let next = page.next else { break }
      bound = next
    }
    return HistoryPage(
      messages: newest.prefix(limit).reversed().map(\.event), more: newest.count > limit)
  }

  /// In a group, ids and seqs have the same order: nothing older can be visible either.
  private func isBelow(_ seq: Seq, _ visible: [SeqInterval]) -> Bool {
    visible.allSatisfy { seq < $0.first }
  }

  /// Of one page of the postings what is really the conversation's, by ascending id, and the
  /// bound of the next older page, if there is one.
  private func messages(
    of conversation: ConversationKey, before: MessageID?, limit: Int
  ) throws(DaybookError) -> (messages: [Found], next: MessageID?) {
    let partition = conversation.stream.partition(of: log.partitionCount)
    let postings = try log.postings(
      partition, conversation: conversation.fingerprint, before: before, limit: limit)
    var found: [Found] = []
    found.reserveCapacity(postings.count)
    for stored in try log.events(partition, at: postings.map(\.offset).sorted()) {
      let event = try EventDecoding.decodeWithoutContent(stored.bytes)
      guard event.conversation == conversation else { continue }
      found.append(Found(event: stored, seq: event.seq, messageID: event.messageID))
    }
    // A copy's id comes from elsewhere: offsets and ids need not have the same order.
    found.sort { $0.messageID < $1.messageID }
    let isLast = postings.count < limit
    return (found, isLast ? nil : postings.first.map { MessageID($0.value) })
  }

  /// The stream's events with `first <= seq <= last`, ascending, at most `limit`.
  func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [StreamEvent] {
    guard first <= last, limit > 0 else { return [] }
    let partition = stream.partition(of: log.partitionCount)
    var events: [StreamEvent] = []
    var from = first
    var wanted = min(limit, HistoryPages.pageMax)
    while events.count < limit, from <= last {
      let postings = try log.postings(
        partition, stream: stream.fingerprint, from: from, through: last, limit: wanted)
      let found = events.count
      for stored in try log.events(partition, at: postings.map(\.offset)) {
        let event = try EventDecoding.decodeWithoutContent(stored.bytes)
        guard event.stream == stream, event.seq >= from, events.count < limit else { continue }
        events.append(
          StreamEvent(seq: event.seq, messageID: event.messageID, bytes: stored.bytes))
      }
      if postings.count < wanted { break }
      if events.count > found {
        from = events[events.count - 1].seq.next
      } else {
        // Nothing but another stream's events of the same fingerprint: look further.
        wanted *= 2
      }
    }
    return events
  }
}

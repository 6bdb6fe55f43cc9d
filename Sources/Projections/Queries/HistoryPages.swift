import DaybookModel
import Ports

/// Pages of history and single messages, read from the log through its postings. Blocking.
struct HistoryPages: Sendable {
  let log: any LogReader
  let clock: any WallClock

  /// Entries of the postings asked for at a time: as many as are wanted at first, and then no
  /// fewer than the least, for what was found so far was mostly not what was asked for.
  private static let pageMax = 1_024
  private static let furtherPageMin = 256

  /// The newest `limit` messages below `before` that `visible` lets through, by ascending id, with
  /// those of their edits that it lets through too. `living` are those of them that are more than tombstones.
  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, visible: [SeqInterval]?
  ) throws(DaybookError) -> (page: HistoryPage, living: [MessageID]) {
    guard limit > 0 else { return (HistoryPage(messages: [], more: false), []) }
    let newest = try newest(limit, of: conversation, before: before, visible)
    let messages = Array(newest.prefix(limit).reversed())
    let events = messages.map(\.event)
    let tombstones = Tombstones(log: log, stream: conversation.stream, now: clock.now())
    let amendments = try tombstones.amendments(of: events, visible: visible)
    var page = HistoryPage(messages: [], more: newest.count > limit)
    var living: [MessageID] = []
    for (found, replacement) in zip(messages, try tombstones.replacements(events, amendments)) {
      if let replacement {
        page.messages.append(StoredEvent(offset: found.stored.offset, bytes: replacement))
        continue
      }
      page.messages.append(found.stored)
      living.append(found.event.messageID)
      if case .edited(let last, let edits) = amendments[found.event.messageID] {
        page.amendments.append(
          MessageAmendments(messageID: found.event.messageID, edit: last, edits: edits))
      }
    }
    return (page, living)
  }

  /// Newest first, and one more than wanted, which tells whether there are older ones.
  private func newest(
    _ limit: Int, of conversation: ConversationKey, before: MessageID?, _ visible: [SeqInterval]?
  ) throws(DaybookError) -> [FoundMessage] {
    let search = MessageSearch(log: log, conversation: conversation)
    var stays = visible.map { VisibleStays(log: log, stream: conversation.stream, $0) }
    var newest: [FoundMessage] = []
    // The end of the last stay is known before anything is read; of others, once it is passed.
    var bound = before
    var isExhausted = try stays?.begin(&bound) == false
    var wanted = min(limit + 1, HistoryPages.pageMax)
    while newest.count <= limit, !isExhausted {
      let page = try search.page(before: bound, limit: wanted)
      let shownBefore = newest.count
      for found in page.messages.reversed() {
        if stays?.contains(found.event.seq) ?? true { newest.append(found) }
      }
      guard let next = page.next else { break }
      bound = next
      isExhausted =
        try stays?.goOn(
          after: page.messages.count, showing: newest.count - shownBefore,
          downTo: page.messages.first?.event.seq, &bound) == false
      let missing = max(limit - newest.count + 1, HistoryPages.furtherPageMin)
      wanted = min(missing, HistoryPages.pageMax)
    }
    return newest
  }

  /// Nil if the conversation has no message with this id.
  func message(
    _ id: MessageID, in conversation: ConversationKey
  ) throws(DaybookError) -> StreamEvent? {
    let search = MessageSearch(log: log, conversation: conversation)
    // No id has the highest bit.
    guard id.rawValue >> 63 == 0, let found = try search.message(id) else { return nil }
    let tombstones = Tombstones(log: log, stream: conversation.stream, now: clock.now())
    let amendments = try tombstones.amendments(of: [found.event])
    let replacement = try tombstones.replacements([found.event], amendments)[0]
    return StreamEvent(
      seq: found.event.seq, messageID: id, bytes: replacement ?? found.stored.bytes)
  }
}

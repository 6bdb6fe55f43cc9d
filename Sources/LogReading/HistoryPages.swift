package import DaybookModel
import NIOCore
package import Ports

/// Pages of history and single messages, read from the log through its postings. Blocking.
package struct HistoryPages: Sendable {
  let log: any SearchableLog
  let clock: any WallClock

  package init(log: any SearchableLog, clock: any WallClock) {
    self.log = log
    self.clock = clock
  }

  /// Entries of the postings asked for at a time: as many as are wanted at first, and then no
  /// fewer than the least, for what was found so far was mostly not what was asked for.
  private static let pageMax = 1_024
  private static let furtherPageMin = 256

  /// The newest `limit` messages below `before` that `visible` lets through, by ascending id, with
  /// those of their edits that it lets through too: at most `bytesMax` bytes of them, and little more
  /// is read, but always one message if there is one. `living` are those of them that are more than
  /// tombstones.
  package func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, bytesMax: Int = .max,
    visible: [SeqInterval]?
  ) throws(DaybookError) -> (page: HistoryPage, living: [MessageID]) {
    guard limit > 0 else { return (HistoryPage(messages: [], more: false), []) }
    let newest = try newest(
      NewestMessages(limit: limit, bytesMax: bytesMax), of: conversation, before: before, visible)
    let events = newest.messages.map(\.event)
    let tombstones = Tombstones(log: log, stream: conversation.stream, now: clock.now())
    let amendments = try tombstones.amendments(
      of: events, visible: visible, editBytesMax: bytesMax)
    let replacements = try tombstones.replacements(events, amendments.byID)
    var page = HistoryPage(messages: [], more: newest.isCut)
    var living: [MessageID] = []
    var bytes = 0
    for (found, replacement) in zip(newest.messages, replacements) {
      let id = found.event.messageID
      var edit: MessageAmendments?
      if replacement == nil, case .edited(let last, let edits) = amendments.byID[id] {
        edit = MessageAmendments(messageID: id, edit: last, edits: edits)
      }
      let shown = replacement ?? found.stored.bytes
      bytes += shown.readableBytes + (edit?.bytes ?? 0)
      if id < amendments.lowest || bytes > bytesMax, !page.messages.isEmpty {
        page.more = true
        break
      }
      page.messages.append(StoredEvent(offset: found.stored.offset, bytes: shown))
      if let edit { page.amendments.append(edit) }
      if replacement == nil { living.append(id) }
    }
    page.messages.reverse()
    page.amendments.reverse()
    return (page, living.reversed())
  }

  private func newest(
    _ empty: NewestMessages, of conversation: ConversationKey, before: MessageID?,
    _ visible: [SeqInterval]?
  ) throws(DaybookError) -> NewestMessages {
    let search = MessageSearch(log: log, conversation: conversation)
    var stays = visible.map { VisibleStays(log: log, stream: conversation.stream, $0) }
    var newest = empty
    // The end of the last stay is known before anything is read; of others, once it is passed.
    var bound = before
    var isExhausted = try stays?.begin(&bound) == false
    var wanted = min(newest.missing, HistoryPages.pageMax)
    while !newest.isCut, !isExhausted {
      let shownBefore = newest.messages.count
      let page = try search.page(before: bound, limit: wanted, room: newest.room) { found in
        if stays?.contains(found.event.seq) ?? true { newest.take(found) }
        return newest.isCut ? nil : newest.room
      }
      guard let next = page.next else { break }
      bound = next
      isExhausted =
        try stays?.goOn(
          after: page.count, showing: newest.messages.count - shownBefore, downTo: page.lowest,
          &bound) == false
      wanted = min(max(newest.missing, HistoryPages.furtherPageMin), HistoryPages.pageMax)
    }
    return newest
  }

  /// Nil if the conversation has no message with this id.
  package func message(
    _ id: MessageID, in conversation: ConversationKey
  ) throws(DaybookError) -> StreamEvent? {
    let search = MessageSearch(log: log, conversation: conversation)
    // No id has the highest bit.
    guard id.rawValue >> 63 == 0, let found = try search.message(id) else { return nil }
    let tombstones = Tombstones(log: log, stream: conversation.stream, now: clock.now())
    let amendments = try tombstones.amendments(of: [found.event])
    let replacement = try tombstones.replacements([found.event], amendments.byID)[0]
    return StreamEvent(
      seq: found.event.seq, messageID: id, bytes: replacement ?? found.stored.bytes)
  }
}

/// The newest messages of a conversation, as many as a page has.
private struct NewestMessages {
  let limit: Int
  let bytesMax: Int
  /// Newest first.
  private(set) var messages: [FoundMessage] = []
  private var bytes = 0
  /// There are older ones.
  private(set) var isCut = false

  init(limit: Int, bytesMax: Int) {
    self.limit = limit
    self.bytesMax = bytesMax
  }

  var room: Int { bytesMax - bytes }

  /// One more than the page lacks, which tells whether there are older ones.
  var missing: Int { limit - messages.count + 1 }

  mutating func take(_ found: FoundMessage) {
    let size = found.stored.bytes.readableBytes
    guard messages.count < limit, messages.isEmpty || size <= room else {
      isCut = true
      return
    }
    messages.append(found)
    bytes += size
  }
}

import DaybookModel
import DaybookSchema
import Ports

/// Pages of history, and a stream's events, read from the log through its postings. Blocking.
struct HistoryPages: Sendable {
  let log: any LogReader

  /// Entries of the postings asked for at a time: as many as are wanted at first, and then no
  /// fewer than the least, for what was found so far was mostly not what was asked for.
  private static let pageMax = 1_024
  private static let furtherPageMin = 256

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
    var stays = visible.map { VisibleStays(log: log, stream: conversation.stream, $0) }
    // Newest first, and one more than wanted, which tells whether there are older ones.
    var newest: [Found] = []
    // The end of the last stay is known before anything is read; of others, once it is passed.
    var bound = before
    var isExhausted = try stays?.skip(below: nil, &bound) == false
    var wanted = min(limit + 1, HistoryPages.pageMax)
    while newest.count <= limit, !isExhausted {
      let page = try messages(of: conversation, before: bound, limit: wanted)
      for found in page.messages.reversed() {
        if stays?.contains(found.seq) ?? true { newest.append(found) }
      }
      guard let next = page.next else { break }
      bound = next
      if let lowest = page.messages.first?.seq {
        isExhausted = try stays?.skip(below: lowest, &bound) == false
      }
      let missing = max(limit - newest.count + 1, HistoryPages.furtherPageMin)
      wanted = min(missing, HistoryPages.pageMax)
    }
    return HistoryPage(
      messages: newest.prefix(limit).reversed().map(\.event), more: newest.count > limit)
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

  /// The stream's events with `first <= seq <= last`, ascending, at most `limit`, and no more than
  /// `bytesMax` of them unless the first alone is larger.
  func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int, bytesMax: Int
  ) throws(DaybookError) -> [StreamEvent] {
    guard limit > 0 else { return [] }
    var events: [StreamEvent] = []
    var bytes = 0
    let range = StreamRange(log: log, stream: stream)
    try range.forEach(from: first, through: last, wanted: limit) { event, stored in
      bytes += stored.bytes.readableBytes
      guard events.isEmpty || bytes <= bytesMax else { return false }
      events.append(
        StreamEvent(seq: event.seq, messageID: event.messageID, bytes: stored.bytes))
      return events.count < limit
    }
    return events
  }
}

/// What a member may see of a group while its history is walked downwards. Ids and seqs of its
/// messages have the same order, so that what lies between two stays can be jumped over.
private struct VisibleStays {
  private let range: StreamRange
  /// Ascending; without those that lie wholly above what was reached.
  private var stays: [SeqInterval]

  init(log: any LogReader, stream: StreamKey, _ visible: [SeqInterval]) {
    range = StreamRange(log: log, stream: stream)
    stays = visible.sorted { $0.first < $1.first }
  }

  func contains(_ seq: Seq) -> Bool {
    // They lie apart: the highest that begins at or before it decides.
    stays.last { $0.first <= seq }?.contains(seq) ?? false
  }

  /// Lowers `bound` to what may be visible, for one who walks down and has reached `seq` (nil: has
  /// not begun). False where nothing older is visible.
  mutating func skip(below seq: Seq?, _ bound: inout MessageID?) throws(DaybookError) -> Bool {
    if let seq {
      // Reached its beginning: what is older belongs to another.
      while let stay = stays.last, seq <= stay.first { stays.removeLast() }
    }
    guard let lowest = stays.first, let stay = stays.last else { return false }
    guard let last = stay.last, seq.map({ last < $0 }) ?? true else { return true }
    // The stay itself may be without messages: then it is the newest before it.
    guard let newest = try range.lastSent(from: lowest.first, through: last) else { return false }
    let end = MessageID(newest.id.rawValue + 1)
    bound = bound.map { min($0, end) } ?? end
    return true
  }
}

import DaybookModel
import DaybookSchema
import Ports

/// A message as it was found in the log.
struct FoundMessage {
  /// Without its content.
  let event: Event
  let stored: StoredEvent
}

/// Finds a conversation's messages through the log's postings. Blocking.
struct MessageSearch {
  let log: any SearchableLog
  let conversation: ConversationKey

  private var partition: PartitionID {
    conversation.stream.partition(of: log.partitionCount)
  }

  /// What was seen of one page of the postings.
  struct Page {
    /// How many messages of the conversation, and the seq of the one with the lowest id.
    var count = 0
    var lowest: Seq?
    /// The bound of the next older page, if there is one.
    var next: MessageID?
  }

  /// Visits what of one page of the postings is really the conversation's, by descending id.
  /// `visit` says how many bytes more are wanted, nil for none: then nothing further is read.
  func page(
    before: MessageID?, limit: Int, room: Int, _ visit: (FoundMessage) -> Int?
  ) throws(DaybookError) -> Page {
    let postings = try log.postings(
      partition, conversation: conversation.fingerprint, before: before, limit: limit)
    var pieces = EventPieces(log: log, partition: partition)
    var page = Page()
    var room = room
    var rest = postings[...]
    while !rest.isEmpty {
      let some = rest.suffix(pieces.next(room: room))
      rest = rest.dropLast(some.count)
      for found in try read(some.map(\.offset), &pieces).reversed() {
        page.count += 1
        page.lowest = found.event.seq
        guard let wanted = visit(found) else { return page }
        room = wanted
      }
    }
    let isLast = postings.count < limit
    page.next = isLast ? nil : postings.first.map { MessageID($0.value) }
    return page
  }

  /// Nil if the conversation has no message with this id.
  func message(_ id: MessageID) throws(DaybookError) -> FoundMessage? {
    var limit = 1
    var pieces = EventPieces(log: log, partition: partition)
    while true {
      let postings = try log.postings(
        partition, conversation: conversation.fingerprint, before: id.next, limit: limit)
      let same = postings.filter { $0.value == id.rawValue }
      if !same.isEmpty, let found = try read(same.map(\.offset), &pieces).first { return found }
      // Nothing but others' with the same fingerprint and id: look further.
      guard !same.isEmpty, same.count == limit else { return nil }
      limit *= 4
    }
  }

  private func read(
    _ offsets: [Offset], _ pieces: inout EventPieces
  ) throws(DaybookError) -> [FoundMessage] {
    var found: [FoundMessage] = []
    found.reserveCapacity(offsets.count)
    for stored in try pieces.read(offsets) {
      let event = try EventDecoding.decodeWithoutContent(stored.bytes)
      guard event.conversation == conversation else { continue }
      found.append(FoundMessage(event: event, stored: stored))
    }
    // A copy's id comes from elsewhere: offsets and ids need not have the same order.
    found.sort { $0.event.messageID < $1.event.messageID }
    return found
  }
}

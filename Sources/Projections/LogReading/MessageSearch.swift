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
  let log: any LogReader
  let conversation: ConversationKey

  private var partition: PartitionID {
    conversation.stream.partition(of: log.partitionCount)
  }

  /// Of one page of the postings what is really the conversation's, by ascending id, and the
  /// bound of the next older page, if there is one.
  func page(
    before: MessageID?, limit: Int
  ) throws(DaybookError) -> (messages: [FoundMessage], next: MessageID?) {
    let postings = try log.postings(
      partition, conversation: conversation.fingerprint, before: before, limit: limit)
    var found = try read(postings.map(\.offset))
    // A copy's id comes from elsewhere: offsets and ids need not have the same order.
    found.sort { $0.event.messageID < $1.event.messageID }
    let isLast = postings.count < limit
    return (found, isLast ? nil : postings.first.map { MessageID($0.value) })
  }

  /// Nil if the conversation has no message with this id.
  func message(_ id: MessageID) throws(DaybookError) -> FoundMessage? {
    var limit = 1
    while true {
      let postings = try log.postings(
        partition, conversation: conversation.fingerprint, before: id.next, limit: limit)
      let same = postings.filter { $0.value == id.rawValue }
      if let found = try read(same.map(\.offset)).first { return found }
      // Nothing but others' with the same fingerprint and id: look further.
      guard !same.isEmpty, same.count == limit else { return nil }
      limit *= 4
    }
  }

  private func read(_ offsets: [Offset]) throws(DaybookError) -> [FoundMessage] {
    guard !offsets.isEmpty else { return [] }
    var found: [FoundMessage] = []
    found.reserveCapacity(offsets.count)
    for stored in try log.events(partition, at: offsets.sorted()) {
      let event = try EventDecoding.decodeWithoutContent(stored.bytes)
      guard event.conversation == conversation else { continue }
      found.append(FoundMessage(event: event, stored: stored))
    }
    return found
  }
}

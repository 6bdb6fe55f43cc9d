import DaybookModel
import DaybookSchema
import Ports

/// What the log says became of a message that is not in memory. Blocking.
struct AmendedLookup {
  struct Question: Sendable, Hashable {
    let stream: StreamKey
    let messageID: MessageID
  }

  struct Answer: Sendable {
    let question: Question
    let message: AmendedMessage
  }

  let log: any LogSearch
  let partition: PartitionID

  /// Events read at a time.
  private static let eventsMax = 256

  func answer(_ question: Question) throws(DaybookError) -> Answer {
    let stream = question.stream.fingerprint
    var offsets = try offsets(
      under: ConversationKey.fingerprint(amendmentsOf: stream), of: question.messageID)
    offsets += try self.offsets(
      under: ConversationKey.fingerprint(reactionsIn: stream), of: question.messageID)
    offsets.sort()
    var message = AmendedMessage()
    var rest = offsets[...]
    while !rest.isEmpty {
      let some = Array(rest.prefix(AmendedLookup.eventsMax))
      rest = rest.dropFirst(some.count)
      for stored in try log.events(partition, at: some) {
        let event = try EventDecoding.decode(stored.bytes, content: .skipped)
        // Others' with the same key; and what the relay wrote, which was decided elsewhere.
        guard event.stream == question.stream, event.messageID == question.messageID,
          event.cause == nil,
          event.kind.isAmendment || event.kind.isReaction || event.kind == .amendmentWithheld
        else { continue }
        message.evolve(event)
      }
    }
    return Answer(question: question, message: message)
  }

  /// Where events with this value lie.
  private func offsets(under key: UInt64, of id: MessageID) throws(DaybookError) -> [Offset] {
    guard id.rawValue < .max else { return [] }
    let next = MessageID(id.rawValue + 1)
    var limit = 64
    while true {
      let page = try log.postings(partition, conversation: key, before: next, limit: limit)
      let same = page.filter { $0.value == id.rawValue }
      // Those with lower ids come first: with one of these in it, the page has all.
      if page.count < limit || same.count < page.count { return same.map(\.offset) }
      limit *= 4
    }
  }
}

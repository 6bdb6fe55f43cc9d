package import DaybookModel
import DaybookSchema
package import Ports

/// Finds what was withheld from a mailbox's owner, by its message id. Blocking.
package struct WithheldSearch {
  let log: any SearchableLog
  let mailbox: UserID

  package init(log: any SearchableLog, mailbox: UserID) {
    self.log = log
    self.mailbox = mailbox
  }

  package func message(_ id: MessageID) throws(DaybookError) -> StreamEvent? {
    let stream = StreamKey.user(mailbox)
    let partition = stream.partition(of: log.partitionCount)
    let key = ConversationKey.fingerprint(withheldIn: stream.fingerprint)
    // No id has the highest bit.
    guard id.rawValue >> 63 == 0 else { return nil }
    var limit = 1
    while true {
      let postings = try log.postings(
        partition, conversation: key, before: id.next, limit: limit)
      let same = postings.filter { $0.value == id.rawValue }
      for stored in try log.events(partition, at: same.map(\.offset).sorted()) {
        let event = try EventDecoding.decodeWithoutContent(stored.bytes)
        if event.kind == .messageWithheld, event.stream == stream {
          return StreamEvent(seq: .none, messageID: id, bytes: stored.bytes)
        }
      }
      // Nothing but others' with the same key and id: look further.
      guard !same.isEmpty, same.count == limit else { return nil }
      limit *= 4
    }
  }
}

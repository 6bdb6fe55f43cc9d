import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// Counts a conversation's messages past a seq by reading the log. Depends on nothing at or past
/// the event that is being folded, so that a rebuild counts the same.
struct MessagesAfter {
  let log: any LogReader
  let partition: PartitionID
  let conversation: ConversationKey
  /// The event being folded.
  let below: Offset
  /// The conversation's last message by others before that event.
  let last: MessageID

  private static let pageMax = 256

  /// Only messages sent into the stream count, not the owner's copies. Their ids and seqs have
  /// the same order, for both come from the stream's partition.
  func count(after seq: Seq, by sender: UInt64) throws(DaybookError) -> (all: UInt64, own: UInt64) {
    var all: UInt64 = 0
    var own: UInt64 = 0
    var before: MessageID? = MessageID(last.rawValue + 1)
    while let bound = before {
      let page = try log.postings(
        partition, conversation: conversation.fingerprint, before: bound,
        limit: MessagesAfter.pageMax)
      before = page.count < MessagesAfter.pageMax ? nil : page.first.map { MessageID($0.value) }
      let offsets = page.map(\.offset).filter { $0 < below }.sorted()
      for stored in try log.events(partition, at: offsets) {
        let event = try EventDecoding.decodeWithoutContent(stored.bytes)
        guard event.kind == .messageSent, event.conversation == conversation else { continue }
        guard event.seq > seq else {
          before = nil
          continue
        }
        all += 1
        if let user = event.actor.user, RecentMessages.mark(of: user) == sender { own += 1 }
      }
    }
    return (all, own)
  }
}

extension EventDecoding {
  static func decodeWithoutContent(_ buffer: ByteBuffer) throws(DaybookError) -> Event {
    var outcome: Result<Event, DaybookError>?
    buffer.withUnsafeReadableBytes { bytes in
      outcome = Result { () throws(DaybookError) in try decode(bytes, content: .skipped) }
    }
    return try outcome!.get()
  }
}

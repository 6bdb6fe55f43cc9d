import DaybookModel
import DaybookSchema
import LogReading
import Ports

/// What a read does to a count of unread messages: what it leaves, or what it takes away,
/// whichever was the shorter way.
enum ReadCount: Equatable {
  case leaves(MessageTally)
  case takes(MessageTally)
}

/// Counts what a read concerns by reading the log. Depends on nothing at or past the event that
/// is being folded, so that a rebuild counts the same.
struct ReadCounting {
  let log: any SearchableLog
  let partition: PartitionID
  let conversation: ConversationKey
  /// The event being folded.
  let below: Offset

  private static let pageMax: UInt64 = 256

  /// Of a read from `readSeq` to `upTo`, short of the conversation's last message by others.
  ///
  /// Whatever lies behind the new position was passed over by this read, and is by no later one:
  /// many small reads cost together what one large read does.
  func count(
    from readSeq: Seq, upTo: Seq, last: (id: MessageID, seq: Seq), by reader: UserID
  ) throws(DaybookError) -> ReadCount {
    assert(readSeq < upTo && upTo < last.seq, "a read moves on, and not to the end")
    let left = last.seq.rawValue - upTo.rawValue
    let taken = upTo.rawValue - readSeq.rawValue
    if left <= taken {
      return .leaves(try messages(after: upTo, downFrom: last.id, about: left, by: reader))
    }
    let stream = StreamRange(log: log, stream: conversation.stream)
    guard let newest = try stream.lastSent(from: readSeq.next, through: upTo) else {
      return .takes(MessageTally())
    }
    return .takes(try messages(after: readSeq, downFrom: newest.id, about: taken, by: reader))
  }

  /// Only messages sent into the stream count, not the owner's copies. Their ids and seqs have
  /// the same order, for both come from the stream's partition, and below the id of a copy is no
  /// message that was sent after it: so the first of either kind at or before `seq` is the end.
  private func messages(
    after seq: Seq, downFrom newest: MessageID, about expected: UInt64, by reader: UserID
  ) throws(DaybookError) -> MessageTally {
    var tally = MessageTally()
    // One more than expected, which is the end.
    var limit = Int(min(expected &+ 1, ReadCounting.pageMax))
    var before: MessageID? = newest.next
    while let bound = before {
      let page = try log.postings(
        partition, conversation: conversation.fingerprint, before: bound, limit: limit)
      assert(page.count <= limit, "no more than was asked for")
      before = page.count < limit ? nil : page.first.map { MessageID($0.value) }
      limit = Int(ReadCounting.pageMax)
      let offsets = page.map(\.offset).filter { $0 < below }.sorted()
      for stored in try log.events(partition, at: offsets) {
        let event = try EventDecoding.decodeWithoutContent(stored.bytes)
        guard event.conversation == conversation else { continue }
        guard event.seq > seq else {
          before = nil
          continue
        }
        guard case .messageSent(let message) = event.body else { continue }
        tally.add(
          sender: event.actor.user, extras: message.extras, reader: reader,
          in: conversation.stream.kind)
      }
    }
    return tally
  }
}

import DaybookModel
import GRDB

/// A conversation's head: how many messages, and which is the last. The messages themselves are
/// in the log, and a page of them is found through its postings.
struct ConversationHead: ProjectedRow {
  static let layout = TableLayout(
    name: "conversations", keys: ["stream", "peer"],
    values: ["messages", "last_message_id", "last_seq", "last_offset", "last_recorded_at_ms"])

  let stream: String
  /// Empty for a group.
  let peer: String
  var messages: UInt64 = 0
  /// Of the message with the highest id, which is the last that people are shown.
  var lastMessageID = MessageID.none
  var lastSeq = Seq.none
  var lastOffset = Offset.zero
  var lastRecordedAt = Timestamp.none

  init(stream: String, peer: String) {
    self.stream = stream
    self.peer = peer
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    peer = columns[1].text
    messages = columns[2].number
    lastMessageID = MessageID(columns[3].number)
    lastSeq = Seq(columns[4].number)
    lastOffset = Offset(Int64(bitPattern: columns[5].number))
    lastRecordedAt = Timestamp(milliseconds: columns[6].number)
  }

  var columns: [DatabaseValue] {
    [
      stream.databaseValue, peer.databaseValue, messages.column, lastMessageID.rawValue.column,
      lastSeq.rawValue.column, lastOffset.rawValue.databaseValue,
      lastRecordedAt.milliseconds.column,
    ]
  }
}

final class HistoryProjector: Projector {
  private let conversations = RowTable<ConversationHead>()

  var tables: [any ProjectionTable] { [conversations] }

  func fold(_ batch: DecodedBatch) throws(DaybookError) {
    for index in batch.first..<batch.events.count {
      switch batch.events[index].body {
      case .messageSent:
        let peer = batch.events[index].stream.kind == .group ? nil : batch.events[index].actor.user
        try message(batch.events[index], peer: peer?.text ?? "", at: batch.offset(of: index))
      case .messageCopied(_, let to, _):
        try message(batch.events[index], peer: to.text, at: batch.offset(of: index))
      default: break
      }
    }
  }

  private func message(
    _ event: borrowing Event, peer: String, at offset: Offset
  ) throws(DaybookError) {
    let slot = try conversations.find(
      RowKey(event.stream, peer), orMake: ConversationHead(stream: event.stream.text, peer: peer))
    let (id, seq, recordedAt) = (event.messageID, event.seq, event.recordedAt)
    conversations.change(slot) { head in
      head.messages += 1
      guard id > head.lastMessageID else { return }
      head.lastMessageID = id
      head.lastSeq = seq
      head.lastOffset = offset
      head.lastRecordedAt = recordedAt
    }
  }
}

import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// A mailbox in which some peers write in turn, as batches for a log of one partition.
struct BenchMailbox {
  private static let peerCount = 20
  static let partition = PartitionID(0)

  let stream = StreamKey.user(UserID(checked: "reader"))
  private let peers = (0..<peerCount).map { UserID(checked: "peer-\($0)") }
  let messageBytes: Int
  private let content: ByteBuffer

  init(messageBytes: Int) {
    self.messageBytes = messageBytes
    content = ContentCoding.text(String(repeating: "m", count: messageBytes))
  }

  /// A conversation's key, another one for each number up to the count of peers.
  func conversation(_ number: Int) -> UInt64 {
    ConversationKey(stream: stream, peer: peers[number % peers.count]).fingerprint
  }

  /// The messages with these seqs, which are their numbers in all else, too.
  func batch(_ seqs: Range<Int>, headerBytes: Int) -> AppendBatch {
    let recordedAt = Timestamp(milliseconds: MessageID.zeroMilliseconds)
    var bytes = ByteBuffer(repeating: 0, count: headerBytes)
    var slots: [EventSlot] = []
    for seq in seqs {
      let event = Event(
        stream: stream, seq: Seq(UInt64(seq)),
        messageID: MessageID(ticks: UInt64(seq), partition: BenchMailbox.partition),
        recordedAt: recordedAt, actor: Actor(user: peers[seq % peers.count]),
        body: .messageSent(Message(content: content)))
      slots.append(EventEncoding.append(event, to: &bytes, bodyStart: headerBytes))
    }
    return AppendBatch(
      bytes: bytes, slots: slots, firstRecordedAt: recordedAt, lastRecordedAt: recordedAt)
  }
}

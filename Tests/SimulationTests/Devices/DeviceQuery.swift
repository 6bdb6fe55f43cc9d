import DaybookModel
import DaybookSchema
import NIOCore
import SwiftProtobuf
import WireProtocol

/// A question that a device asks, with how much of the log was durable then.
struct DeviceQuery {
  enum Kind {
    case fetch(StreamKey, from: Seq, through: Seq)
    case history(StreamKey, before: MessageID, limit: Int)
    case online([UserID])
  }

  let kind: Kind
  let askedAt: [Int]
  /// Of a range that is fetched page after page at the end: what came so far.
  var collected: CollectedRange?

  var type: FrameType {
    switch kind {
    case .fetch: .fetch
    case .history: .history
    case .online: .online
    }
  }

  var body: ByteBuffer {
    let bytes =
      switch kind {
      case .fetch(let stream, let from, let through):
        Daybook_V1_FetchRequest.with {
          $0.stream = stream.text
          $0.fromSeq = from.rawValue
          $0.toSeq = through.rawValue
        }.wireBytes()
      case .history(let conversation, let before, let limit):
        Daybook_V1_HistoryRequest.with {
          $0.conversation = conversation.text
          $0.beforeMessageID = before.rawValue
          $0.limit = UInt32(limit)
        }.wireBytes()
      case .online(let users):
        Daybook_V1_OnlineRequest.with { $0.users = users.map(\.text) }.wireBytes()
      }
    return ByteBuffer(bytes: bytes)
  }
}

/// All pages of a fetched range.
struct CollectedRange {
  var events: [Event] = []
  var notVisible: [ClosedRange<UInt64>] = []
}

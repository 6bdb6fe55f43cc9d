import DaybookModel
import DaybookSchema
import Ports
import SegmentLog
import Server

/// Messages as they become durable in a folder's log. Takes no lock, so that a server may come and go
/// meanwhile.
struct FolderFeed {
  private let log: SegmentLogReader
  private var positions: [PartitionID: Offset] = [:]
  private static let chunkBytes = 1 << 20

  /// From where the log ends now.
  init(_ path: String) throws {
    log = try DataFolder(at: path).reader()
    for index in 0..<log.partitionCount {
      let partition = PartitionID(index)
      positions[partition] = log.highWatermark(of: partition)
    }
  }

  /// What has come into the conversation since the last call, as it was sent.
  mutating func messages(of conversation: ConversationKey) throws -> [ShownMessage] {
    let partition = conversation.stream.partition(of: log.partitionCount)
    let head = log.highWatermark(of: partition)
    var next = positions[partition] ?? head
    var found: [ShownMessage] = []
    while next < head {
      let chunk = try log.read(partition, from: next, bytesMax: FolderFeed.chunkBytes)
      for batch in chunk.batches {
        try batch.forEachEvent { index, bytes throws(DaybookError) in
          let offset = batch.offset(of: index)
          guard offset >= next, offset < head else { return }
          let event = try EventDecoding.decode(bytes)
          guard event.conversation == conversation else { return }
          found.append(ShownMessage(event: event, amendments: nil))
        }
      }
      next = chunk.next
    }
    positions[partition] = max(next, head)
    return found
  }
}

import Crypto
import DaybookModel
import DaybookSchema
import Foundation

/// What a feed brings.
public enum FeedItem: Sendable {
  /// Events of one partition, in order.
  case events([FeedEvent], FeedPosition)
  /// How far the log goes: every few seconds, and once everything that was durable has come.
  case heads(FeedHeads, FeedPosition)

  /// Where to go on once this, and what came before, has been dealt with.
  public var position: FeedPosition {
    switch self {
    case .events(_, let position), .heads(_, let position): position
    }
  }

  /// Those that it brings.
  public var events: [FeedEvent] {
    if case .events(let events, _) = self { events } else { [] }
  }

  /// Nil for a reply of a kind that this library doesn't know.
  init?(_ reply: Daybook_V1_FollowReply) throws(DaybookError) {
    let position = FeedPosition(bytes: Array(reply.position))
    switch reply.what {
    case .batch(let batch): self = .events(try FeedItem.events(batch), position)
    case .heads(let heads): self = .heads(FeedHeads(heads), position)
    case nil: return nil
    }
  }

  /// Throws `invalid_input` for bytes that are not those that were sent.
  private static func events(
    _ batch: Daybook_V1_EventBatch
  ) throws(DaybookError) -> [FeedEvent] {
    let fault = DaybookError(
      .invalidInput,
      "events of partition \(batch.partition) from offset \(batch.baseOffset) on have changed on their way"
    )
    guard SHA256.hash(data: batch.body).elementsEqual(batch.sha256) else { throw fault }
    let count = Int(batch.count)
    guard batch.offsets.isEmpty || batch.offsets.count == count else { throw fault }
    var events: [FeedEvent] = []
    events.reserveCapacity(count)
    var failure: DaybookError?
    batch.body.withUnsafeBytes { bytes in
      var at = 0
      for index in 0..<count {
        guard at + 4 <= bytes.count else { return failure = fault }
        let length = Int(
          UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
        at += 4
        guard length <= bytes.count - at else { return failure = fault }
        let ahead = batch.offsets.isEmpty ? UInt64(index) : batch.offsets[index]
        do throws(DaybookError) {
          events.append(
            try FeedEvent(
              batch.partition, batch.baseOffset + ahead,
              UnsafeRawBufferPointer(rebasing: bytes[at..<at + length])))
        } catch {
          return failure = error
        }
        at += length
      }
      if at != bytes.count { failure = fault }
    }
    if let failure { throw failure }
    return events
  }
}

/// How far the log goes, and how far its follower is.
public struct FeedHeads: Sendable {
  public struct Partition: Sendable {
    public let partition: Int
    /// First offset that is not yet durable, and the one that comes next.
    public let head: UInt64
    public let next: UInt64
    /// For how long what comes next has waited, about; 0 where there is nothing.
    public let lagMilliseconds: UInt64
  }

  /// Those that are followed.
  public let partitions: [Partition]
  /// Everything that was durable has come.
  public let isCaughtUp: Bool

  /// Offsets that are still to come.
  public var lag: UInt64 { partitions.reduce(0) { $0 + ($1.head - min($1.head, $1.next)) } }

  init(_ heads: Daybook_V1_FeedHeads) {
    isCaughtUp = heads.caughtUp
    partitions = heads.partitions.map {
      Partition(
        partition: Int($0.partition), head: $0.headOffset, next: $0.nextOffset,
        lagMilliseconds: $0.lagMs)
    }
  }
}

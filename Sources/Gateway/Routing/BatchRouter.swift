import DaybookModel
import DaybookSchema
import Logging
import NIOCore
import Ports

/// Hands each committed batch to those of the gateway's loops that it is for, one hop a loop.
final class BatchRouter: BatchConsumer {
  private let loops: [GatewayLoop]
  private let registry: any SessionRegistry
  private let partitionCount: Int
  private let logger: Logger

  init(
    _ loops: [GatewayLoop], registry: any SessionRegistry, partitionCount: Int, logger: Logger
  ) {
    self.loops = loops
    self.registry = registry
    self.partitionCount = partitionCount
    self.logger = logger
  }

  func committed(_ batch: CommittedBatch) {
    guard let slots = batch.slots ?? scan(batch) else { return interrupted(batch.partition) }
    guard slots.contains(where: \.concernsSessions) else { return }
    for loop in loops { loop.committed(batch, slots) }
    for slot in slots where slot.kind == .userBlocked { endWatches(slot, batch.body) }
  }

  /// Here, and not in a session: of who has blocked somebody none may be connected.
  private func endWatches(_ slot: EventSlot, _ body: ByteBuffer) {
    guard let bytes = slot.bytes(in: body), let event = try? EventDecoding.decode(bytes),
      case .userBlocked(let other) = event.body, let user = event.stream.userID
    else { return }
    registry.blocked(other, by: user)
  }

  func interrupted(_ partition: PartitionID) {
    for loop in loops { loop.interrupted(partition) }
    registry.endWatches { [partitionCount] user in
      StreamKey.user(user).partition(of: partitionCount) == partition
    }
  }

  /// For a log that read the batch back instead of writing it. Nil for what can't be read: another
  /// process may have sent it.
  private func scan(_ batch: CommittedBatch) -> [EventSlot]? {
    var slots: [EventSlot] = []
    var at: UInt32 = 0
    do throws(DaybookError) {
      try batch.forEachEvent { _, event throws(DaybookError) in
        slots.append(try EventScan.slot(of: event, start: at + 4))
        at += 4 + UInt32(event.count)
      }
    } catch {
      logger.error(
        """
        a committed batch of partition \(batch.partition) can't be read, so its followers read the \
        log instead: \(error)
        """,
        metadata: ["partition": "\(batch.partition)", "offset": "\(batch.baseOffset)"])
      return nil
    }
    return slots
  }
}

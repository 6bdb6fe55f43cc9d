import DaybookModel
import DaybookSchema
import Ports

/// Hands each committed batch to the gateway's loops, one hop a loop.
final class BatchRouter: BatchConsumer {
  private let loops: [GatewayLoop]

  init(_ loops: [GatewayLoop]) { self.loops = loops }

  func committed(_ batch: CommittedBatch) {
    let slots = batch.slots ?? BatchRouter.scan(batch)
    guard slots.contains(where: { $0.seq != .none }) else { return }
    for loop in loops { loop.committed(batch, slots) }
  }

  /// For a log that read the batch back instead of writing it.
  private static func scan(_ batch: CommittedBatch) -> [EventSlot] {
    var slots: [EventSlot] = []
    var at: UInt32 = 0
    do throws(DaybookError) {
      try batch.forEachEvent { _, event throws(DaybookError) in
        slots.append(try EventScan.slot(of: event, start: at + 4))
        at += 4 + UInt32(event.count)
      }
    } catch {
      preconditionFailure("a batch that was committed can't be read: \(error)")
    }
    return slots
  }
}

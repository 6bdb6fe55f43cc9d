import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// Hands each committed batch to the gateway's loops, one hop a loop.
final class BatchRouter: BatchConsumer {
  private let loops: [GatewayLoop]
  private let presence: PresenceRegistry

  init(_ loops: [GatewayLoop], presence: PresenceRegistry) {
    self.loops = loops
    self.presence = presence
  }

  func committed(_ batch: CommittedBatch) {
    let slots = batch.slots ?? BatchRouter.scan(batch)
    guard slots.contains(where: { $0.seq != .none }) else { return }
    for loop in loops { loop.committed(batch, slots) }
    for slot in slots where slot.kind == .userBlocked { endWatches(slot, batch.body) }
  }

  /// Here, and not in a session: of who has blocked somebody none may be connected.
  private func endWatches(_ slot: EventSlot, _ body: ByteBuffer) {
    let bytes = body.getSlice(at: body.readerIndex + Int(slot.start), length: Int(slot.length))
    guard let bytes, let event = try? EventDecoding.decode(bytes),
      case .userBlocked(let other) = event.body, let user = event.stream.userID
    else { return }
    presence.blocked(other, by: user)
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

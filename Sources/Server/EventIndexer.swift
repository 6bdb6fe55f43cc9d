package import DaybookModel
import DaybookSchema
import Ports

/// Tells the log what an event looks like inside, which it doesn't know.
package struct EventIndexer: EventScanner {
  package init() {}

  package func scan(
    _ batch: CommittedBatch, into slots: inout [EventSlot]
  ) throws(DaybookError) {
    var start: UInt32 = 0
    var found: [EventSlot] = []
    found.reserveCapacity(batch.count)
    try batch.forEachEvent { _, bytes throws(DaybookError) in
      start += 4
      found.append(try EventScan.slot(of: bytes, start: start))
      start += UInt32(bytes.count)
    }
    slots += found
  }
}

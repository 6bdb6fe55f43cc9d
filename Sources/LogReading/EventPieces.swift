import DaybookModel
import NIOCore
import Ports

/// Reads events of one partition in pieces whose size follows from what the events so far took:
/// whoever stops after so many bytes has not read many more than that. Blocking.
struct EventPieces {
  let log: any SearchableLog
  let partition: PartitionID

  /// Of the first piece, for the largest events have 128 KiB each.
  private static let countFirst = 8
  private static let countMax = 64
  private static let bytesMax = 1 << 20

  private var events = 0
  private var bytes = 0
  private var count = EventPieces.countFirst

  init(log: any SearchableLog, partition: PartitionID) {
    self.log = log
    self.partition = partition
  }

  /// How many to read next, if `room` is as many bytes as are wanted.
  func next(room: Int) -> Int {
    guard events > 0 else { return count }
    let average = max(1, bytes / events)
    return max(1, min(count, min(max(room, 0), EventPieces.bytesMax) / average + 1))
  }

  /// The events at these offsets, which may be in any order, by ascending offset.
  mutating func read(_ offsets: some Sequence<Offset>) throws(DaybookError) -> [StoredEvent] {
    let found = try log.events(partition, at: offsets.sorted())
    events += found.count
    for event in found { bytes += event.bytes.readableBytes }
    count = min(count * 2, EventPieces.countMax)
    return found
  }
}

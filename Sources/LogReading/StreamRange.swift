package import DaybookModel
import DaybookSchema
package import NIOCore
package import Ports

/// A stream's events by seq, read from the log through its postings. Blocking.
package struct StreamRange {
  let log: any SearchableLog
  let stream: StreamKey

  /// Entries of the postings asked for at a time.
  private static let pageMax = 1_024

  package init(log: any SearchableLog, stream: StreamKey) {
    self.log = log
    self.stream = stream
  }

  private var partition: PartitionID { stream.partition(of: log.partitionCount) }

  /// Visits the events with `first <= seq <= last`, ascending, until `visit` returns false.
  /// `wanted` is how many that will be, if it is known, and `room` how many bytes.
  func forEach(
    from first: Seq, through last: Seq, wanted: Int, room: Int = .max,
    _ visit: (_ event: Event, _ stored: StoredEvent) -> Bool
  ) throws(DaybookError) {
    var pieces = EventPieces(log: log, partition: partition)
    var room = room
    var next = first
    var limit = min(wanted, StreamRange.pageMax)
    while next <= last {
      let postings = try log.postings(
        partition, stream: stream.fingerprint, from: next, through: last, limit: limit
      ) { stored throws(DaybookError) in
        try EventDecoding.decodeWithoutContent(stored.bytes).stream == stream
      }
      let from = next
      var offsets = postings.map(\.offset).sorted()[...]
      while !offsets.isEmpty {
        let some = offsets.prefix(pieces.next(room: room))
        offsets = offsets.dropFirst(some.count)
        for stored in try pieces.read(some) {
          room -= stored.bytes.readableBytes
          let event = try EventDecoding.decodeWithoutContent(stored.bytes)
          guard event.stream == stream, event.seq >= next else { continue }
          guard visit(event, stored) else { return }
          next = event.seq.next
        }
      }
      if postings.count < limit { return }
      // Nothing but another stream's events of the same fingerprint: look further.
      if next == from { limit *= 2 }
    }
  }

  /// The event with this seq; nil where the stream has none.
  package func event(at seq: Seq) throws(DaybookError) -> Event? {
    var found: Event?
    try forEach(from: seq, through: seq, wanted: 1) { event, _ in
      found = event
      return false
    }
    return found
  }

  /// The last message sent into the stream with `first <= seq <= last`: what is sent later has a
  /// higher id, what is sent earlier a lower one, for both come from the stream's partition.
  package func lastSent(
    from first: Seq, through last: Seq
  ) throws(DaybookError) -> (id: MessageID, seq: Seq)? {
    guard first <= last else { return nil }
    var top = last.rawValue
    var step: UInt64 = 8
    while true {
      let bottom = top - first.rawValue < step ? first.rawValue : top - step + 1
      var found: (id: MessageID, seq: Seq)?
      try forEach(from: Seq(bottom), through: Seq(top), wanted: Int(step)) { event, _ in
        if event.kind == .messageSent { found = (event.messageID, event.seq) }
        return true
      }
      if let found { return found }
      guard bottom > first.rawValue else { return nil }
      top = bottom - 1
      step = min(step * 2, UInt64(StreamRange.pageMax))
    }
  }
}

extension EventDecoding {
  package static func decodeWithoutContent(_ buffer: ByteBuffer) throws(DaybookError) -> Event {
    try decode(buffer, content: .skipped)
  }
}

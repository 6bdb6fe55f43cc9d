import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// A log in memory: each `append` is one durable batch.
final class InMemoryLog: LogReader {
  private struct Entry {
    let event: Event
    let bytes: ByteBuffer
    let slot: EventSlot

    init(_ event: Event) {
      var buffer = ByteBuffer()
      slot = EventEncoding.append(event, to: &buffer, bodyStart: 0)
      buffer.moveReaderIndex(forwardBy: 4)
      bytes = buffer.slice()
      self.event = event
    }
  }

  private struct State {
    var partitions: [[Entry]]
    var asked = Asked()
    var faults: [Fault] = []
  }

  enum Call { case read, postings }

  private struct Fault {
    let call: Call
    let partition: PartitionID
    let error: DaybookError
    var times: Int
  }

  /// What was asked of the indexes, and read for it.
  struct Asked: Equatable {
    var streamPostings = 0
    var conversationPostings = 0
    var events = 0
  }

  let partitionCount: Int
  let logID: String
  let seal = LogSeal { bytes in bytes.reduce(7) { $0 &* 31 &+ UInt32($1) } }
  private let batchEvents: Int
  /// As if all streams and conversations had the same fingerprint.
  private let isColliding: Bool
  private let state: NIOLockedValueBox<State>

  init(partitions: Int, logID: String = "log-a", batchEvents: Int = 7, isColliding: Bool = false) {
    self.isColliding = isColliding
    partitionCount = partitions
    self.logID = logID
    self.batchEvents = batchEvents
    state = NIOLockedValueBox(State(partitions: Array(repeating: [], count: partitions)))
  }

  func append(_ events: [Event]) {
    state.withLockedValue { state in
      for event in events {
        state.partitions[event.stream.partition(of: partitionCount).index].append(Entry(event))
      }
    }
  }

  /// The next calls of this kind in the partition throw, so many times.
  func fail(_ call: Call, in partition: PartitionID, with error: DaybookError, times: Int) {
    let fault = Fault(call: call, partition: partition, error: error, times: times)
    state.withLockedValue { $0.faults.append(fault) }
  }

  private func meetFault(_ call: Call, _ partition: PartitionID) throws(DaybookError) {
    let error = state.withLockedValue { state -> DaybookError? in
      for at in state.faults.indices
      where state.faults[at].call == call && state.faults[at].partition == partition
        && state.faults[at].times > 0
      {
        state.faults[at].times -= 1
        return state.faults[at].error
      }
      return nil
    }
    if let error { throw error }
  }

  var allEvents: [[Event]] { state.withLockedValue { $0.partitions.map { $0.map(\.event) } } }

  func highWatermark(of partition: PartitionID) -> Offset {
    state.withLockedValue { Offset(Int64($0.partitions[partition.index].count)) }
  }

  /// Batch borders lie at multiples of `batchEvents`, and at the head.
  func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> [CommittedBatch] {
    try meetFault(.read, partition)
    let events = state.withLockedValue { $0.partitions[partition.index] }
    var batches: [CommittedBatch] = []
    var bytes = 0
    var at = Int(offset.rawValue) / batchEvents * batchEvents
    while at < events.count, bytes < bytesMax || batches.isEmpty {
      let end = min(at + batchEvents, events.count)
      var body = ByteBuffer()
      for entry in events[at..<end] {
        body.writeInteger(UInt32(entry.bytes.readableBytes), endianness: .little)
        body.writeImmutableBuffer(entry.bytes)
      }
      bytes += body.readableBytes
      batches.append(
        CommittedBatch(
          partition: partition, baseOffset: Offset(Int64(at)), nextOffset: Offset(Int64(end)),
          count: end - at, lastRecordedAt: events[end - 1].event.recordedAt, body: body))
      at = end
    }
    return batches
  }

  func events(
    _ partition: PartitionID, at offsets: [Offset]
  ) throws(DaybookError) -> [StoredEvent] {
    precondition(offsets == offsets.sorted(), "offsets are asked for in ascending order")
    let events = state.withLockedValue { state in
      state.asked.events += offsets.count
      return state.partitions[partition.index]
    }
    return offsets.map {
      StoredEvent(offset: $0, bytes: events[Int($0.rawValue)].bytes)
    }
  }

  func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try meetFault(.postings, partition)
    state.withLockedValue { $0.asked.streamPostings += 1 }
    let entries = state.withLockedValue { $0.partitions[partition.index] }
    var found: [Posting] = []
    for (at, entry) in entries.enumerated() where found.count < limit {
      let slot = entry.slot
      guard isColliding || slot.stream == stream, slot.seq > .none else { continue }
      guard slot.seq >= first, slot.seq <= last else { continue }
      found.append(Posting(offset: Offset(Int64(at)), value: slot.seq.rawValue))
    }
    return found
  }

  func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try meetFault(.postings, partition)
    state.withLockedValue { $0.asked.conversationPostings += 1 }
    let entries = state.withLockedValue { $0.partitions[partition.index] }
    var found: [Posting] = []
    for (at, entry) in entries.enumerated() {
      let slot = entry.slot
      let isWanted = isColliding ? slot.conversation != 0 : slot.conversation == conversation
      guard isWanted, before.map({ slot.messageID < $0 }) ?? true else { continue }
      found.append(Posting(offset: Offset(Int64(at)), value: slot.messageID.rawValue))
    }
    return Array(found.sorted { $0.value < $1.value }.suffix(limit))
  }

  /// Since this was last asked.
  func takeAsked() -> Asked {
    state.withLockedValue { state in
      defer { state.asked = Asked() }
      return state.asked
    }
  }
}

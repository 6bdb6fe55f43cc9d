package import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
package import Ports

/// A log in memory that outlives what is on top of it, and fails when it is told to.
package final class MemoryLog: LogWriter, LogSearch {
  private struct State {
    var partitions: [MemoryPartition]
    var faults: [Fault] = []
    var asked = Asked()
    var appends: [[PartitionID]] = []
    var mayBlock: [Bool] = []
  }

  package enum Call: Sendable {
    case append
    /// What was appended is durable, and reported as failed.
    case answer
    case read, postings
  }

  private struct Fault {
    let call: Call
    let partition: PartitionID
    let error: DaybookError
    var times: Int
  }

  /// What was asked of the indexes, and read for it.
  package struct Asked: Equatable, Sendable {
    package var streamPostings = 0
    package var conversationPostings = 0
    package var events = 0
  }

  package let partitionCount: Int
  package let logID: String
  package let branchID: String
  package let seal = LogSeal { bytes in bytes.reduce(7) { $0 &* 31 &+ UInt32($1) } }
  package let epoch: Epoch
  package let batchHeaderBytes = 16
  private let batchEvents: Int
  private let readBatchesMax: Int
  private let state: NIOLockedValueBox<State>

  /// `append(_:)` makes batches of `batchEvents`. A read gives at most `readBatchesMax` batches.
  package init(
    partitions: Int, logID: String = "memory", branchID: String = "branch", epoch: Epoch = Epoch(1),
    offsets: OffsetRule = .contiguous, batchEvents: Int = 7, readBatchesMax: Int = .max,
    isColliding: Bool = false
  ) {
    partitionCount = partitions
    self.logID = logID
    self.branchID = branchID
    self.epoch = epoch
    self.batchEvents = batchEvents
    self.readBatchesMax = readBatchesMax
    state = NIOLockedValueBox(
      State(
        partitions: (0..<partitions).map {
          MemoryPartition(PartitionID($0), offsets, isColliding: isColliding)
        }))
  }

  // MARK: faults

  /// The next calls of this kind in the partition throw, so many times.
  package func fail(
    _ call: Call, in partition: PartitionID, with error: DaybookError, times: Int = .max
  ) {
    let fault = Fault(call: call, partition: partition, error: error, times: times)
    state.withLockedValue { $0.faults.append(fault) }
  }

  /// All calls are answered again.
  package func heal(_ partition: PartitionID) {
    state.withLockedValue { state in state.faults.removeAll { $0.partition == partition } }
  }

  private func fault(_ call: Call, _ partition: PartitionID) -> DaybookError? {
    state.withLockedValue { state in
      for at in state.faults.indices
      where state.faults[at].call == call && state.faults[at].partition == partition
        && state.faults[at].times > 0
      {
        state.faults[at].times -= 1
        return state.faults[at].error
      }
      return nil
    }
  }

  private func meetFault(_ call: Call, _ partition: PartitionID) throws(DaybookError) {
    if let error = fault(call, partition) { throw error }
  }

  // MARK: writing

  package func append(_ batches: [PartitionAppend], mayBlock: Bool) {
    state.withLockedValue { state in
      state.appends.append(batches.map(\.partition))
      state.mayBlock.append(mayBlock)
    }
    for one in batches { append(one) }
  }

  /// Of each call, the partitions of which it brought a batch.
  package var appends: [[PartitionID]] { state.withLockedValue { $0.appends } }
  /// Of each call, whether it might wait for the disk.
  package var mayBlock: [Bool] { state.withLockedValue { $0.mayBlock } }

  private func append(_ one: PartitionAppend) {
    if let error = fault(.append, one.partition) { return one.completion(.failure(error)) }
    var body = one.batch.bytes
    body.moveReaderIndex(forwardBy: batchHeaderBytes)
    let committed = state.withLockedValue {
      $0.partitions[one.partition.index].keep(
        body, one.batch.slots, lastRecordedAt: one.batch.lastRecordedAt)
    }
    one.completion(fault(.answer, one.partition).map { .failure($0) } ?? .success(committed))
  }

  /// Each to its stream's partition.
  package func append(_ events: [Event]) {
    var byPartition: [PartitionID: [Event]] = [:]
    for event in events {
      byPartition[event.stream.partition(of: partitionCount), default: []].append(event)
    }
    for (partition, events) in byPartition {
      for first in stride(from: 0, to: events.count, by: batchEvents) {
        append(events[first..<min(first + batchEvents, events.count)], to: partition)
      }
    }
  }

  private func append(_ events: ArraySlice<Event>, to partition: PartitionID) {
    var body = ByteBuffer()
    let slots = events.map { EventEncoding.append($0, to: &body, bodyStart: 0) }
    state.withLockedValue { state in
      _ = state.partitions[partition.index].keep(
        body, slots, lastRecordedAt: events[events.endIndex - 1].recordedAt)
    }
  }

  /// An event as it is, of whatever kind.
  package func append(bytes: [UInt8], to partition: PartitionID) {
    var body = ByteBuffer()
    body.writeInteger(UInt32(bytes.count), endianness: .little)
    body.writeBytes(bytes)
    let slot = bytes.withUnsafeBytes { try? EventScan.slot(of: $0, start: 4) }
    state.withLockedValue { state in
      _ = state.partitions[partition.index].keep(
        body, slot.map { [$0] } ?? [], lastRecordedAt: .none)
    }
  }

  // MARK: reading

  package func startOffset(of partition: PartitionID) -> Offset {
    state.withLockedValue { $0.partitions[partition.index].start }
  }

  package func highWatermark(of partition: PartitionID) -> Offset {
    state.withLockedValue { $0.partitions[partition.index].end }
  }

  package func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> LogChunk {
    try meetFault(.read, partition)
    let kept = state.withLockedValue { $0.partitions[partition.index] }
    var chunk = try kept.read(from: offset, bytesMax: bytesMax)
    if chunk.batches.count > readBatchesMax {
      chunk.batches.removeLast(chunk.batches.count - readBatchesMax)
      chunk.next = chunk.batches[readBatchesMax - 1].nextOffset
    }
    return chunk
  }

  package func events(
    _ partition: PartitionID, at offsets: [Offset]
  ) throws(DaybookError) -> [StoredEvent] {
    precondition(offsets == offsets.sorted(), "offsets are asked for in ascending order")
    return state.withLockedValue { state in
      state.asked.events += offsets.count
      return state.partitions[partition.index].events(at: offsets)
    }
  }

  package func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try meetFault(.postings, partition)
    return state.withLockedValue { state in
      state.asked.streamPostings += 1
      return state.partitions[partition.index].postings(
        stream: stream, from: first, through: last, limit: limit)
    }
  }

  package func postings(
    _ partition: PartitionID, unsequenced stream: UInt64, from first: Offset,
    through last: Offset, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try meetFault(.postings, partition)
    return state.withLockedValue {
      $0.partitions[partition.index].postings(
        unsequenced: stream, from: first, through: last, limit: limit)
    }
  }

  package func postings(
    _ partition: PartitionID, origin: UInt64, from first: UInt64, through last: UInt64, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try meetFault(.postings, partition)
    return state.withLockedValue {
      $0.partitions[partition.index].postings(
        origin: origin, from: first, through: last, limit: limit)
    }
  }

  package func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try meetFault(.postings, partition)
    return state.withLockedValue { state in
      state.asked.conversationPostings += 1
      return state.partitions[partition.index].postings(
        conversation: conversation, before: before, limit: limit)
    }
  }

  // MARK: what tests look at

  /// All batches of a partition that end past this offset, as its owner tells of them.
  package func batches(_ partition: PartitionID, past offset: Offset = .zero) -> [CommittedBatch] {
    state.withLockedValue { state in
      state.partitions[partition.index].batches.filter { $0.nextOffset > offset }
    }
  }

  /// By partition.
  package var allEvents: [[Event]] {
    state.withLockedValue { state in
      state.partitions.map { partition in
        partition.batches.flatMap { batch in
          (batch.slots ?? []).map { slot in
            let start = batch.body.readerIndex + Int(slot.start)
            let bytes = batch.body.getSlice(at: start, length: Int(slot.length))!
            guard let event = try? EventDecoding.decode(bytes) else {
              preconditionFailure("what was kept is an event")
            }
            return event
          }
        }
      }
    }
  }

  /// All events of all partitions of one kind.
  package func events(_ kind: EventKind) -> [Event] {
    allEvents.flatMap { $0 }.filter { $0.kind == kind }
  }

  /// Since this was last asked.
  package func takeAsked() -> Asked {
    state.withLockedValue { state in
      defer { state.asked = Asked() }
      return state.asked
    }
  }
}

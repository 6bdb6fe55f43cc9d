import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import Ports

/// A log in memory that outlives the servers on top of it. An append is done when the simulation
/// says so; at a crash what is not done is lost, or was written after all and nobody was told.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimLog: LogWriter, LogSearch, @unchecked Sendable {
  struct Partition {
    var kept: MemoryPartition
    var pending = CircularBuffer<PartitionAppend>()
    /// Whatever else was decided on this state is refused too.
    var refused: UInt64?
  }

  let logID = "simulated"
  let branchID = "simulated"
  let seal = LogSeal { bytes in bytes.reduce(7) { $0 &* 31 &+ UInt32($1) } }
  let batchHeaderBytes = 16
  private(set) var epoch = Epoch(1)
  private(set) var partitions: [Partition]
  /// How often somebody had to look for an origin here.
  private(set) var originQuestions = 0
  /// Changes an event on its way to the disk: for tests of the checks themselves.
  var tamper: ((Event) -> Event?)?

  init(partitions: Int, offsets: OffsetRule) {
    self.partitions = (0..<partitions).map {
      Partition(kept: MemoryPartition(PartitionID($0), offsets))
    }
  }

  var partitionCount: Int { partitions.count }

  func startOffset(of partition: PartitionID) -> Offset { partitions[partition.index].kept.start }
  func highWatermark(of partition: PartitionID) -> Offset { partitions[partition.index].kept.end }

  /// How far each partition goes: the first offset past it.
  var heads: [Int] { partitions.map { Int($0.kept.end.rawValue) } }

  // MARK: appending

  func append(_ batches: [PartitionAppend], mayBlock: Bool) {
    for one in batches { partitions[one.partition.index].pending.append(one) }
  }

  func isAppending(_ index: Int) -> Bool { !partitions[index].pending.isEmpty }

  /// The oldest append of the partition becomes durable, and its owner is told; or it fails.
  func complete(_ index: Int, failingWith error: DaybookError? = nil) {
    let pending = partitions[index].pending.removeFirst()
    let generation = pending.batch.generation
    if let error {
      partitions[index].refused = generation
      return pending.completion(.failure(error))
    }
    if let generation, generation == partitions[index].refused {
      return pending.completion(
        .failure(DaybookError(.overloaded, "what this rests on was refused")))
    }
    pending.completion(.success(store(pending.batch, in: index)))
  }

  /// The process that appended is gone. So many of what it had under way reached the disk.
  func crash(keeping kept: (_ partition: Int, _ pending: Int) -> Int) {
    for index in partitions.indices {
      let pending = partitions[index].pending
      partitions[index].pending.removeAll()
      for one in pending.prefix(kept(index, pending.count)) { _ = store(one.batch, in: index) }
      partitions[index].refused = nil
    }
    epoch = Epoch(epoch.rawValue + 1)
  }

  private func store(_ batch: AppendBatch, in index: Int) -> CommittedBatch {
    var (body, slots) = (batch.bytes, batch.slots)
    body.moveReaderIndex(forwardBy: batchHeaderBytes)
    if tamper != nil { (body, slots) = tampered(body, slots) }
    return partitions[index].kept.keep(body, slots, lastRecordedAt: batch.lastRecordedAt)
  }

  private func tampered(_ body: ByteBuffer, _ slots: [EventSlot]) -> (ByteBuffer, [EventSlot]) {
    var (newBody, newSlots) = (ByteBuffer(), [EventSlot]())
    for slot in slots {
      let bytes = body.getSlice(at: body.readerIndex + Int(slot.start), length: Int(slot.length))!
      guard var event = try? EventDecoding.decode(bytes) else { continue }
      event = tamper?(event) ?? event
      newSlots.append(EventEncoding.append(event, to: &newBody, bodyStart: 0))
    }
    return (newBody, newSlots)
  }

  /// As if the disk had lied about the last batch of a partition. False if there is none.
  func loseLastBatch(_ index: Int) -> Bool { partitions[index].kept.loseLastBatch() }
}

// MARK: reading

extension SimLog {
  func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> LogChunk {
    try partitions[partition.index].kept.read(from: offset, bytesMax: bytesMax)
  }

  func events(
    _ partition: PartitionID, at offsets: [Offset]
  ) throws(DaybookError) -> [StoredEvent] { partitions[partition.index].kept.events(at: offsets) }

  func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    partitions[partition.index].kept.postings(
      stream: stream, from: first, through: last, limit: limit)
  }

  func postings(
    _ partition: PartitionID, unsequenced stream: UInt64, from first: Offset,
    through last: Offset, limit: Int
  ) throws(DaybookError) -> [Posting] {
    partitions[partition.index].kept.postings(
      unsequenced: stream, from: first, through: last, limit: limit)
  }

  func postings(
    _ partition: PartitionID, origin: UInt64, from first: UInt64, through last: UInt64, limit: Int
  ) throws(DaybookError) -> [Posting] {
    originQuestions += 1
    return partitions[partition.index].kept.postings(
      origin: origin, from: first, through: last, limit: limit)
  }

  func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    partitions[partition.index].kept.postings(
      conversation: conversation, before: before, limit: limit)
  }
}

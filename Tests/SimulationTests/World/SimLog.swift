import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// A log in memory that outlives the servers on top of it. An append is done when the simulation
/// says so; at a crash what is not done is lost, or was written after all and nobody was told.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimLog: LogPort, @unchecked Sendable {
  struct Pending {
    let batch: AppendBatch
    let completion: @Sendable (Result<CommittedBatch, DaybookError>) -> Void
  }

  struct Partition {
    var batches: [CommittedBatch] = []
    var stored: [StoredEvent] = []
    /// By ascending seq, and by ascending message id.
    var streams: [UInt64: [Posting]] = [:]
    var conversations: [UInt64: [Posting]] = [:]
    var pending = CircularBuffer<Pending>()
    /// Whatever else was decided on this state is refused too.
    var refused: UInt64?
  }

  let partitionCount: Int
  let logID = "simulated"
  let seal = LogSeal { bytes in bytes.reduce(7) { $0 &* 31 &+ UInt32($1) } }
  let batchHeaderBytes = 16
  private(set) var epoch = Epoch(1)
  private(set) var partitions: [Partition]
  /// Changes an event on its way to the disk: for tests of the checks themselves.
  var tamper: ((Event) -> Event?)?

  init(partitions: Int) {
    partitionCount = partitions
    self.partitions = Array(repeating: Partition(), count: partitions)
  }

  func highWatermark(of partition: PartitionID) -> Offset {
    Offset(Int64(partitions[partition.index].stored.count))
  }

  var heads: [Int] { partitions.map(\.stored.count) }

  // MARK: appending

  func append(
    _ batch: AppendBatch, to partition: PartitionID,
    completion: @escaping @Sendable (Result<CommittedBatch, DaybookError>) -> Void
  ) {
    partitions[partition.index].pending.append(Pending(batch: batch, completion: completion))
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
    let base = Offset(Int64(partitions[index].stored.count))
    let committed = CommittedBatch(
      partition: PartitionID(index), baseOffset: base, nextOffset: base.advanced(by: slots.count),
      count: slots.count, lastRecordedAt: batch.lastRecordedAt, body: body, slots: slots)
    partitions[index].keep(committed, slots)
    return committed
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
  func loseLastBatch(_ index: Int) -> Bool {
    guard partitions[index].batches.count > 1 else { return false }
    let batches = partitions[index].batches.dropLast()
    partitions[index] = Partition()
    for batch in batches { partitions[index].keep(batch, batch.slots ?? []) }
    return true
  }
}

extension SimLog.Partition {
  fileprivate mutating func keep(_ batch: CommittedBatch, _ slots: [EventSlot]) {
    batches.append(batch)
    for (index, slot) in slots.enumerated() {
      let offset = batch.offset(of: index)
      let start = batch.body.readerIndex + Int(slot.start)
      stored.append(
        StoredEvent(
          offset: offset, bytes: batch.body.getSlice(at: start, length: Int(slot.length))!))
      if slot.seq != .none {
        streams[slot.stream, default: []].append(
          Posting(offset: offset, value: slot.seq.rawValue))
      }
      if slot.conversation != 0 {
        let posting = Posting(offset: offset, value: slot.messageID.rawValue)
        let at = conversations[slot.conversation]?.end(below: posting.value + 1) ?? 0
        conversations[slot.conversation, default: []].insert(posting, at: at)
      }
    }
  }
}

extension [Posting] {
  /// The index behind all that lie below a value.
  func end(below value: UInt64) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].value < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

// MARK: reading

extension SimLog {
  func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> [CommittedBatch] {
    let batches = partitions[partition.index].batches
    var (low, high) = (0, batches.count)
    while low < high {
      let middle = (low + high) / 2
      if batches[middle].nextOffset <= offset { low = middle + 1 } else { high = middle }
    }
    var found: [CommittedBatch] = []
    var bytes = 0
    for batch in batches[low...] {
      if !found.isEmpty, bytes >= bytesMax { break }
      bytes += batch.body.readableBytes
      var read = batch
      read.slots = nil
      found.append(read)
    }
    return found
  }

  func events(
    _ partition: PartitionID, at offsets: [Offset]
  ) throws(DaybookError) -> [StoredEvent] {
    offsets.map { partitions[partition.index].stored[Int($0.rawValue)] }
  }

  func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    let all = partitions[partition.index].streams[stream] ?? []
    let from = all.end(below: first.rawValue)
    return Array(all[from...].prefix(limit).prefix { $0.value <= last.rawValue })
  }

  func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    let all = partitions[partition.index].conversations[conversation] ?? []
    let end = before.map { all.end(below: $0.rawValue) } ?? all.count
    return Array(all[..<end].suffix(limit))
  }
}

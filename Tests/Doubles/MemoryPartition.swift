package import DaybookModel
package import NIOCore
package import Ports

/// How a log in memory gives offsets out. No consumer may rely on more than that they rise.
package struct OffsetRule: Sendable {
  package var start: Offset
  /// How many offsets stay unused before an event, by its number in the partition and in its batch.
  package var gap: @Sendable (_ event: Int, _ inBatch: Int) -> Int

  package init(
    start: Offset = .zero, gap: @escaping @Sendable (_ event: Int, _ inBatch: Int) -> Int
  ) {
    self.start = start
    self.gap = gap
  }

  /// From 0 on, without a gap.
  package static let contiguous = OffsetRule { _, _ in 0 }
  /// What was before 1,000 is not kept.
  package static let from1000 = OffsetRule(start: Offset(1_000)) { _, _ in 0 }
  /// From 1,000 on, an unused one before each batch, as behind a transaction of Kafka's, and some
  /// within batches, as after a compaction.
  package static let gaps = OffsetRule(start: Offset(1_000)) { event, inBatch in
    inBatch == 0 ? 1 : event % 3 == 0 ? 2 : 0
  }
}

/// The batches of a partition, found again by offset, stream and conversation.
package struct MemoryPartition: Sendable {
  package let partition: PartitionID
  package private(set) var batches: [CommittedBatch] = []
  package private(set) var eventCount = 0
  private let rule: OffsetRule
  private let isColliding: Bool
  package private(set) var stored: [StoredEvent] = []
  /// By ascending seq, and by ascending message id.
  private var streams: [UInt64: [Posting]] = [:]
  private var conversations: [UInt64: [Posting]] = [:]
  /// By ascending offset, and by ascending number.
  private var unsequenced: [UInt64: [Posting]] = [:]
  private var origins: [UInt64: [Posting]] = [:]

  /// Where all collide, all streams have the same fingerprint, and so do all conversations.
  package init(
    _ partition: PartitionID, _ rule: OffsetRule = .contiguous, isColliding: Bool = false
  ) {
    self.partition = partition
    self.rule = rule
    self.isColliding = isColliding
  }

  package var start: Offset { rule.start }
  package var end: Offset { batches.last?.nextOffset ?? rule.start }

  /// Gives the events their offsets, and keeps them. `body` is at the first event's length.
  @discardableResult
  package mutating func keep(
    _ body: ByteBuffer, _ slots: [EventSlot], lastRecordedAt: Timestamp
  ) -> CommittedBatch {
    precondition(!slots.isEmpty, "a batch has events")
    var offsets: [Offset] = []
    var next = end
    for index in slots.indices {
      next = next.advanced(by: rule.gap(eventCount + index, index))
      offsets.append(next)
      next = next.advanced(by: 1)
    }
    let isListed = next.rawValue - offsets[0].rawValue != Int64(slots.count)
    let batch = CommittedBatch(
      partition: partition, baseOffset: offsets[0], nextOffset: next, count: slots.count,
      lastRecordedAt: lastRecordedAt, body: body, slots: slots,
      offsets: isListed ? offsets : nil)
    add(batch)
    return batch
  }

  private mutating func add(_ batch: CommittedBatch) {
    batches.append(batch)
    for (index, slot) in (batch.slots ?? []).enumerated() {
      let offset = batch.offset(of: index)
      let start = batch.body.readerIndex + Int(slot.start)
      stored.append(
        StoredEvent(
          offset: offset, bytes: batch.body.getSlice(at: start, length: Int(slot.length))!))
      eventCount += 1
      if slot.seq != .none {
        streams[key(slot.stream), default: []].add(
          Posting(offset: offset, value: slot.seq.rawValue))
      } else {
        unsequenced[key(slot.stream), default: []].append(
          Posting(offset: offset, value: UInt64(offset.rawValue)))
      }
      if slot.origin != 0 {
        origins[key(slot.origin), default: []].add(
          Posting(offset: offset, value: slot.number))
      }
      if slot.conversation != 0 {
        conversations[key(slot.conversation), default: []].add(
          Posting(offset: offset, value: slot.messageID.rawValue))
      }
    }
  }

  private func key(_ fingerprint: UInt64) -> UInt64 { isColliding ? 1 : fingerprint }

  /// As if the disk had lied about the last batch. False if there is only one, or none.
  package mutating func loseLastBatch() -> Bool {
    guard batches.count > 1 else { return false }
    let kept = batches.dropLast()
    self = MemoryPartition(partition, rule, isColliding: isColliding)
    for batch in kept { add(batch) }
    return true
  }

  // MARK: reading

  /// Throws `truncated` and `offset_out_of_range` as a log does.
  package func read(from offset: Offset, bytesMax: Int) throws(DaybookError) -> LogChunk {
    guard offset >= start else { throw LogChunk.truncated(partition, start: start, asked: offset) }
    guard offset <= end else {
      throw DaybookError(
        .offsetOutOfRange, "partition \(partition) ends at \(end), before \(offset)")
    }
    let first = batches.partitioningIndex { $0.nextOffset > offset }
    var chunk = LogChunk(batches: [], next: offset)
    var bytes = 0
    for var batch in batches[first...] {
      if !chunk.batches.isEmpty, bytes >= bytesMax { break }
      bytes += batch.body.readableBytes
      batch.slots = nil
      chunk.batches.append(batch)
      chunk.next = batch.nextOffset
    }
    return chunk
  }

  package func events(at offsets: [Offset]) -> [StoredEvent] {
    offsets.map { offset in
      let event = stored[stored.partitioningIndex { $0.offset >= offset }]
      precondition(event.offset == offset, "there is no event at offset \(offset)")
      return event
    }
  }

  package func postings(
    stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) -> [Posting] {
    let all = streams[key(stream)] ?? []
    let from = all.end(below: first.rawValue)
    return Array(all[from...].prefix(limit).prefix { $0.value <= last.rawValue })
  }

  package func postings(
    unsequenced stream: UInt64, from first: Offset, through last: Offset, limit: Int
  ) -> [Posting] {
    (unsequenced[key(stream)] ?? []).filter { $0.offset >= first && $0.offset <= last }
      .prefix(limit).map { $0 }
  }

  package func postings(
    origin: UInt64, from first: UInt64, through last: UInt64, limit: Int
  ) -> [Posting] {
    (origins[key(origin)] ?? []).filter { $0.value >= first && $0.value <= last }
      .suffix(limit).map { $0 }
  }

  package func postings(conversation: UInt64, before: MessageID?, limit: Int) -> [Posting] {
    let all = conversations[key(conversation)] ?? []
    let end = before.map { all.end(below: $0.rawValue) } ?? all.count
    return Array(all[..<end].suffix(limit))
  }
}

extension [Posting] {
  /// The index behind all that lie below a value.
  fileprivate func end(below value: UInt64) -> Int { partitioningIndex { $0.value >= value } }

  fileprivate mutating func add(_ posting: Posting) {
    insert(posting, at: partitioningIndex { $0.value > posting.value })
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element fits, where all behind one that fits do.
  fileprivate func partitioningIndex(_ fits: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if fits(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

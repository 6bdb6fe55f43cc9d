import DaybookModel

/// One partition of the topic, record by record.
struct TopicCursor {
  private static let chunkRecords = 1_000

  let partition: PartitionID
  private let topic: any TopicFeed
  private(set) var next: Int64
  private var readFrom: Int64
  private var records: ArraySlice<TopicRecord> = []

  init(_ topic: any TopicFeed, _ partition: PartitionID, from offset: Int64) {
    self.topic = topic
    self.partition = partition
    (next, readFrom) = (offset, offset)
  }

  /// Nil at the end of what is committed. Throws what the broker answers.
  mutating func peek() throws(DaybookError) -> TopicRecord? {
    while records.isEmpty {
      let chunk = try topic.read(
        partition, from: readFrom, recordsMax: TopicCursor.chunkRecords)
      assert(chunk.next >= readFrom, "offsets rise")
      let hasMoved = chunk.next > readFrom
      readFrom = chunk.next
      records = chunk.records[...]
      if records.isEmpty, chunk.isAtEnd || !hasMoved {
        next = readFrom
        return nil
      }
    }
    return records[records.startIndex]
  }

  /// Passes the record that `peek` has found.
  mutating func advance() { next = records.removeFirst().offset + 1 }

  /// Records behind the one that `peek` has found, at most so many; they stay.
  func following(max count: Int) throws(DaybookError) -> [TopicRecord] {
    var found = Array(records.dropFirst().prefix(count))
    var from = readFrom
    while found.count < count {
      let chunk = try topic.read(
        partition, from: from, recordsMax: min(TopicCursor.chunkRecords, count - found.count))
      found += chunk.records
      if chunk.isAtEnd || chunk.next == from { break }
      from = chunk.next
    }
    return found
  }
}

extension TopicFeed {
  /// Offset of the first record that claims this position of the log or a later one; the end, if none
  /// does. Records without a claim are passed over.
  func firstRecord(
    _ partition: PartitionID, claiming offset: Offset
  ) throws(DaybookError) -> Int64 {
    let bounds = try bounds(of: partition)
    // Of the record at `low` or behind it the claim is not known; of the one at `high`, that it is late
    // enough.
    var (low, high) = (bounds.lowerBound, bounds.upperBound)
    while low < high {
      let middle = low + (high - low) / 2
      guard let (record, claim) = try firstClaim(partition, from: middle, below: high) else {
        high = middle
        continue
      }
      if claim < offset { low = record + 1 } else { high = middle }
    }
    return low
  }

  private func firstClaim(
    _ partition: PartitionID, from offset: Int64, below end: Int64
  ) throws(DaybookError) -> (record: Int64, claim: Offset)? {
    var from = offset
    while from < end {
      let chunk = try read(partition, from: from, recordsMax: 1)
      for record in chunk.records where record.offset < end {
        if let claim = RecordClaim(record).offset { return (record.offset, claim) }
      }
      guard chunk.next > from, !chunk.isAtEnd else { return nil }
      from = chunk.next
    }
    return nil
  }
}

import DaybookModel
import Files
import NIOCore
import Ports

/// Reading by offset.
extension PartitionSegments {
  func read(from offset: Offset, bytesMax: Int) throws(DaybookError) -> LogChunk {
    try checkReadable()
    guard offset >= startOffset else {
      throw LogChunk.truncated(partition, start: startOffset, asked: offset)
    }
    if offset == highWatermark { return LogChunk(batches: [], next: offset) }
    if let chunk = recent?.read(from: offset, bytesMax: bytesMax) { return chunk }
    let (segment, end) = try segment(holding: offset)
    let place = try lookUp(in: segment, end: end) { (index) throws(FileError) in
      try index.place(before: delta(of: offset, in: segment))
    }
    return try withFile(segment) { (file) throws(DaybookError) in
      // Room for the batches in front of the one wanted, which are only walked over.
      var chunkBytes = min(
        max(bytesMax, 4096) + Int(IndexSource.placeDistanceBytes), Limits.batchBytesMax)
      // Of a segment that is being written no more than what is durable.
      if case .fed(let index) = segment.currentIndex {
        let used = index.facts.bytesUsed
        assert(used > UInt64(place.position), "a batch begins before the end of what is written")
        chunkBytes = min(chunkBytes, Int(used - UInt64(place.position)))
      }
      var cursor = BatchCursor(
        files, file, segment.seed, position: UInt64(place.position), chunkBytes: chunkBytes)
      var expected = segment.base.advanced(by: Int(place.delta))
      var batches: [CommittedBatch] = []
      var bytes = 0
      while expected < end, bytes < bytesMax || batches.isEmpty {
        if !batches.isEmpty && !cursor.holdsNext { break }
        let (header, body) = try next(&cursor, of: segment, expected: expected) {
          $0.nextOffset <= offset
        }
        expected = header.nextOffset
        if expected <= offset { continue }
        batches.append(header.committed(body))
        bytes += header.batchBytes
      }
      assert(!batches.isEmpty && expected > offset, "a read below the high watermark moves on")
      assert(
        batches[0].baseOffset <= offset && offset < batches[0].nextOffset,
        "it begins with the batch that holds the offset")
      return LogChunk(batches: batches, next: expected)
    }
  }

  /// Bytes read at once while the offsets asked for lie apart; doubled where they don't.
  private static let scatteredChunkBytes = 64 << 10

  func events(at offsets: [Offset]) throws(DaybookError) -> [StoredEvent] {
    try checkReadable()
    for (before, offset) in zip(offsets, offsets.dropFirst()) where before > offset {
      throw DaybookError(.invalidArgument, "offsets must ascend: \(offset) is behind \(before)")
    }
    var events: [StoredEvent] = []
    events.reserveCapacity(offsets.count)
    while events.count < offsets.count {
      let (segment, end) = try segment(holding: offsets[events.count])
      try collect(offsets, from: segment, end: end, into: &events)
    }
    return events
  }

  /// Takes the events that lie in one segment.
  private func collect(
    _ offsets: [Offset], from segment: Segment, end: Offset, into events: inout [StoredEvent]
  ) throws(DaybookError) {
    var found = events
    events = []
    defer { events = found }
    try withFile(segment) { (file) throws(DaybookError) in
      var cursor = BatchCursor(
        files, file, segment.seed, position: 0, chunkBytes: PartitionSegments.scatteredChunkBytes)
      var expected = Offset(-1)
      while found.count < offsets.count, offsets[found.count] < end {
        let wanted = offsets[found.count]
        let place = try lookUp(in: segment, end: end) { (index) throws(FileError) in
          try index.place(before: delta(of: wanted, in: segment))
        }
        let start = segment.base.advanced(by: Int(place.delta))
        if start > expected {
          // A gap: go to the nearest indexed batch.
          if !cursor.isWithin(UInt64(place.position)) {
            cursor.chunkBytes = PartitionSegments.scatteredChunkBytes
          }
          cursor.move(to: UInt64(place.position))
          expected = start
        } else if !cursor.holdsNext, cursor.chunkBytes < BatchCursor.chunkBytes {
          cursor.chunkBytes *= 2
        }
        let (header, body) = try next(&cursor, of: segment, expected: expected) {
          $0.nextOffset <= wanted
        }
        assert(header.nextOffset > expected, "batches have events")
        expected = header.nextOffset
        if expected > wanted { try take(offsets, from: header.committed(body), into: &found) }
      }
    }
  }

  /// Copies what is wanted out of the batch: a page of a history must not hold the memory of
  /// every batch that it comes from, and the cursor can use its own again.
  private func take(
    _ offsets: [Offset], from batch: CommittedBatch, into events: inout [StoredEvent]
  ) throws(DaybookError) {
    var copies = ByteBuffer()
    var taken: [(offset: Offset, start: Int, length: Int)] = []
    var next = events.count
    try batch.forEachEvent { (index, bytes) throws(DaybookError) in
      let offset = batch.offset(of: index)
      while next < offsets.count, offsets[next] == offset {
        taken.append((offset, copies.writerIndex, bytes.count))
        copies.writeBytes(bytes)
        next += 1
      }
    }
    assert(
      taken.allSatisfy { $0.offset >= batch.baseOffset && $0.offset < batch.nextOffset },
      "what is taken is the batch's")
    for event in taken {
      events.append(
        StoredEvent(
          offset: event.offset, bytes: copies.getSlice(at: event.start, length: event.length)!))
    }
  }

  func delta(of offset: Offset, in segment: Segment) -> UInt32 {
    assert(offset >= segment.base, "an offset of the segment, or behind it")
    return UInt32(offset.rawValue - segment.base.rawValue)
  }
}

import DaybookModel
import NIOCore
import Ports

/// Reading by offset.
extension PartitionSegments {
  func read(from offset: Offset, bytesMax: Int) throws(DaybookError) -> [CommittedBatch] {
    if offset == highWatermark { return [] }
    let (segment, end) = try segment(holding: offset)
    let place = try index(of: segment, end: end).place(before: delta(of: offset, in: segment))
    return try withFile(segment) { (file) throws(DaybookError) in
      // Room for the batches in front of the one wanted, which are only walked over.
      let chunkBytes = min(
        max(bytesMax, 4096) + Int(IndexSource.placeDistanceBytes), Limits.batchBytesMax)
      var cursor = BatchCursor(
        files, file, log, position: UInt64(place.position), chunkBytes: chunkBytes)
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
      return batches
    }
  }

  /// Bytes read at once while the offsets asked for lie apart; doubled where they don't.
  private static let scatteredChunkBytes = 64 << 10

  func events(at offsets: [Offset]) throws(DaybookError) -> [StoredEvent] {
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
    let index = try index(of: segment, end: end)
    var found = events
    events = []
    defer { events = found }
    try withFile(segment) { (file) throws(DaybookError) in
      var chunkBytes = PartitionSegments.scatteredChunkBytes
      var cursor = BatchCursor(files, file, log, position: 0, chunkBytes: chunkBytes)
      var expected = Offset(-1)
      while found.count < offsets.count, offsets[found.count] < end {
        let wanted = offsets[found.count]
        let place = index.place(before: delta(of: wanted, in: segment))
        let start = segment.base.advanced(by: Int(place.delta))
        if start > expected || wanted < expected {
          // A gap: go to the nearest indexed batch.
          if !cursor.isWithin(UInt64(place.position)) {
            chunkBytes = PartitionSegments.scatteredChunkBytes
            cursor = BatchCursor(
              files, file, log, position: UInt64(place.position), chunkBytes: chunkBytes)
          }
          cursor.move(to: UInt64(place.position))
          expected = start
        } else if !cursor.holdsNext, chunkBytes < BatchCursor.chunkBytes {
          chunkBytes *= 2
          cursor = BatchCursor(
            files, file, log, position: cursor.position, chunkBytes: chunkBytes)
        }
        let (header, body) = try next(&cursor, of: segment, expected: expected) {
          $0.nextOffset <= wanted
        }
        expected = header.nextOffset
        if expected > wanted { try take(offsets, from: header.committed(body), into: &found) }
      }
    }
  }

  private func take(
    _ offsets: [Offset], from batch: CommittedBatch, into events: inout [StoredEvent]
  ) throws(DaybookError) {
    var index = 0
    var at = batch.body.readerIndex
    while events.count < offsets.count, offsets[events.count] < batch.nextOffset {
      let wanted = offsets[events.count]
      guard wanted >= batch.offset(of: index) else {
        throw DaybookError(.invalidArgument, "offsets must ascend: \(wanted) comes too late")
      }
      guard
        let length = batch.body.getInteger(at: at, endianness: .little, as: UInt32.self),
        let bytes = batch.body.getSlice(at: at + 4, length: Int(length))
      else {
        throw DaybookError(
          .logCorrupt,
          "the batch at offset \(batch.baseOffset) of partition \(partition) has torn lengths")
      }
      if batch.offset(of: index) == wanted {
        events.append(StoredEvent(offset: wanted, bytes: bytes))
      }
      at += 4 + Int(length)
      index += 1
    }
  }

  func delta(of offset: Offset, in segment: Segment) -> UInt32 {
    UInt32(offset.rawValue - segment.base.rawValue)
  }
}

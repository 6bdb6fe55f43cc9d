import DaybookModel
import Glibc

/// The segment that was being written: the only one that may have a torn tail.
extension PartitionRecovery {
  /// Sets `fault` where there is more wrong than a torn tail.
  mutating func openLast(
    _ all: [Segment], after previous: SegmentFacts?, _ stated: WatermarkSlot
  ) throws(DaybookError) -> (PartitionSegments, PartitionWriter.Start?) {
    let segment: Segment
    if let last = all.last { segment = last } else { segment = try makeFirst() }
    let segments = view(all.isEmpty ? [segment] : all, highWatermark: .zero)
    let scan = try SegmentScan(
      segment, of: segments, chainBefore: previous?.chainAfter ?? 0,
      epoch: previous?.lastEpoch ?? Epoch(0))
    try fence(scan.source.facts.lastEpoch)
    let file = try perform { () throws(FileError) in
      try files.open(segment.path, flags: O_RDWR, mode: 0)
    }
    do throws(DaybookError) {
      try cutTornTail(segment, segments, file, scan, stated)
      if fault != nil {
        files.close(file)
        return (segments, nil)
      }
      try makeDurable(segment, file, scan, stated)
      let start = try start(segment, file, scan, stated)
      segments.advance(to: scan.nextOffset)
      return (segments, start)
    } catch {
      files.close(file)
      throw error
    }
  }

  private func makeFirst() throws(DaybookError) -> Segment {
    let segment = Segment(partition: partition, base: .zero, folder: folder, index: .unknown)
    try perform { () throws(FileError) in
      let temporary = segment.path + FileNames.temporarySuffix
      let file = try files.open(temporary, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o640)
      defer { files.close(file) }
      let capacity = UInt64(options.firstSegmentBytes)
      try files.allocate(file, bytes: capacity)
      try files.zero(file, from: 0, to: capacity)
      try files.syncData(file)
      try files.rename(temporary, to: segment.path)
      try files.sync(folder: folder)
    }
    return segment
  }

  /// Cuts only what no statement of durability covers. The bytes are kept aside first.
  private mutating func cutTornTail(
    _ segment: Segment, _ segments: PartitionSegments, _ file: Int32, _ scan: SegmentScan,
    _ stated: WatermarkSlot
  ) throws(DaybookError) {
    var (found, tail) = try scan.fault(in: segment, of: segments)
    let durable = max(stated.durableOffset, scan.durableStated, tail.durableStated)
    if durable > scan.nextOffset {
      found.reason += "; yet up to offset \(durable) the log was stated durable"
      fault = found
      return
    }
    guard tail.usedEnd > scan.position else { return }
    found.toByte = tail.usedEnd
    let name =
      "\(FileNames.segment(segment.base)).\(scan.position).epoch-\(epoch)\(FileNames.cutSuffix)"
    try perform { () throws(FileError) in
      try keepAside(file, from: scan.position, to: tail.usedEnd, name)
      try files.zero(file, from: scan.position, to: tail.usedEnd)
      try files.syncData(file)
    }
    findings.append(.cutTail(found, keptIn: name))
  }

  private func keepAside(
    _ file: Int32, from start: UInt64, to end: UInt64, _ name: String
  ) throws(FileError) {
    let temporary = "\(folder)/\(name)\(FileNames.temporarySuffix)"
    let copy = try files.open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640)
    defer { files.close(copy) }
    try duplicate(file, from: start, to: end) { (bytes, position) throws(FileError) in
      try files.write(copy, bytes, at: position - start)
    }
    try files.syncData(copy)
    try files.rename(temporary, to: "\(folder)/\(name)")
    try files.sync(folder: folder)
  }

  /// Whole batches past the stated durable offset may be in the page cache only, of which a
  /// failed sync leaves no trace: they are written and synced again before anybody is told.
  private mutating func makeDurable(
    _ segment: Segment, _ file: Int32, _ scan: SegmentScan, _ stated: WatermarkSlot
  ) throws(DaybookError) {
    guard scan.nextOffset > stated.durableOffset else { return }
    let isHere = stated.segmentBase == segment.base && stated.position <= scan.position
    try perform { () throws(FileError) in
      try duplicate(file, from: isHere ? stated.position : 0, to: scan.position) {
        (bytes, position) throws(FileError) in try files.write(file, bytes, at: position)
      }
      try files.syncData(file)
    }
    findings.append(.madeDurable(partition, from: stated.durableOffset, to: scan.nextOffset))
  }

  private func start(
    _ segment: Segment, _ file: Int32, _ scan: SegmentScan, _ stated: WatermarkSlot
  ) throws(DaybookError) -> PartitionWriter.Start {
    var slot = stated
    slot.epoch = epoch
    return try perform { () throws(FileError) in
      var watermark = try WatermarkFile(files, folder: folder, log, next: slot)
      try watermark.state(
        durable: scan.nextOffset, segmentBase: segment.base, position: scan.position)
      try watermark.sync()
      let index = OpenIndex(scan.source)
      segment.setIndex(.fed(index))
      let active = ActiveSegment(
        segment: segment, index: index, file: file, capacity: try files.size(file),
        position: scan.position)
      return PartitionWriter.Start(
        active: active, watermark: watermark, nextOffset: scan.nextOffset,
        chain: scan.source.facts.chainAfter)
    }
  }

  private func duplicate(
    _ file: Int32, from start: UInt64, to end: UInt64,
    _ write: (UnsafeRawBufferPointer, UInt64) throws(FileError) -> Void
  ) throws(FileError) {
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { chunk.deallocate() }
    var position = start
    while position < end {
      let wanted = min(UInt64(chunk.count), end - position)
      let room = UnsafeMutableRawBufferPointer(rebasing: chunk[0..<Int(wanted)])
      let count = try files.read(file, into: room, at: position)
      if count == 0 { return }
      try write(UnsafeRawBufferPointer(rebasing: room[0..<count]), position)
      position += UInt64(count)
    }
  }
}

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
      let left = try cutTornTail(segment, segments, file, scan, stated)
      if fault != nil {
        files.close(file)
        return (segments, nil)
      }
      try makeDurable(segment, file, scan, stated)
      var start = try start(segment, file, scan, stated)
      start.tail = left
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

  /// Cuts only what no statement of durability covers. The bytes are kept aside first; a tail for
  /// which there is no room is left as it is, and returned: the log opens on a full disk, too.
  private mutating func cutTornTail(
    _ segment: Segment, _ segments: PartitionSegments, _ file: Int32, _ scan: SegmentScan,
    _ stated: WatermarkSlot
  ) throws(DaybookError) -> TornTail? {
    var (found, tail) = try scan.fault(in: segment, of: segments)
    let durable = max(stated.durableOffset, scan.durableStated, tail.durableStated)
    if durable > scan.nextOffset {
      found.reason += "; yet up to offset \(durable) the log was stated durable"
      fault = found
      return nil
    }
    guard tail.usedEnd > scan.position else { return nil }
    found.toByte = tail.usedEnd
    let name =
      "\(FileNames.segment(segment.base)).\(scan.position).epoch-\(epoch)\(FileNames.cutSuffix)"
    let torn = TornTail(folder: folder, range: scan.position..<tail.usedEnd, keptIn: name)
    do throws(FileError) {
      try torn.cut(from: file, files)
    } catch {
      guard error.isFull else { throw error.asDaybookError }
      findings.append(.leftTail(found, keptIn: name))
      return torn
    }
    findings.append(.cutTail(found, keptIn: name))
    return nil
  }

  /// Whole batches past the stated durable offset may be in the page cache only, of which a
  /// failed sync leaves no trace: they are written and synced again before anybody is told.
  private mutating func makeDurable(
    _ segment: Segment, _ file: Int32, _ scan: SegmentScan, _ stated: WatermarkSlot
  ) throws(DaybookError) {
    guard scan.nextOffset > stated.durableOffset else { return }
    let isHere = stated.segmentBase == segment.base && stated.position <= scan.position
    try perform { () throws(FileError) in
      try files.duplicate(file, from: isHere ? stated.position : 0, to: scan.position) {
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
      // The last owner may have ended between a file's rename and the sync of its name.
      try files.sync(folder: folder)
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
}

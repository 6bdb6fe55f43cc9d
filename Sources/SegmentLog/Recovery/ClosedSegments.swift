import DaybookModel

/// Segments that are not the last: nothing in them may be cut.
extension PartitionRecovery {
  /// They are trusted as far as the headers of their indexes continue each other; one whose
  /// index is missing or wrong is scanned. Returns the last one's facts, or sets `fault`.
  mutating func checkClosed(_ segments: [Segment]) throws(DaybookError) -> SegmentFacts? {
    var previous: SegmentFacts?
    for (at, segment) in segments.enumerated() {
      let expected = previous?.nextOffset ?? .zero
      guard segment.base == expected else {
        fault = LogFault(
          partition: partition, segment: FileNames.segment(expected), fromByte: 0, toByte: 0,
          offset: expected,
          reason: "the segment is missing; the next one begins at offset \(segment.base)")
        return nil
      }
      if at == segments.count - 1 { return previous }
      let next = segments[at + 1].base
      let indexed = try perform { () throws(FileError) in
        try trusted(segment, after: previous, next: next)
      }
      if let indexed {
        previous = indexed
      } else if let rebuilt = try rebuild(segment, after: previous, next: next) {
        previous = rebuilt
      } else {
        return nil
      }
    }
    return previous
  }

  /// What the index's header says, if it fits the segments around and the file is long enough.
  private func trusted(
    _ segment: Segment, after previous: SegmentFacts?, next: Offset
  ) throws(FileError) -> SegmentFacts? {
    guard let facts = try SealedIndex.facts(files, path: segment.indexPath, log),
      facts.partition == partition, facts.baseOffset == segment.base, facts.nextOffset == next,
      facts.chainBefore == previous?.chainAfter ?? 0,
      facts.lastEpoch >= previous?.lastEpoch ?? Epoch(0)
    else { return nil }
    let file = try files.open(segment.path, flags: 0, mode: 0)
    defer { files.close(file) }
    return try files.size(file) >= facts.bytesUsed ? facts : nil
  }

  private mutating func rebuild(
    _ segment: Segment, after previous: SegmentFacts?, next: Offset
  ) throws(DaybookError) -> SegmentFacts? {
    let segments = view([segment], highWatermark: next)
    let scan = try SegmentScan(
      segment, of: segments, chainBefore: previous?.chainAfter ?? 0,
      epoch: previous?.lastEpoch ?? Epoch(0), end: next)
    guard scan.stop == .reached, scan.nextOffset == next else {
      fault = try scan.fault(in: segment, of: segments).fault
      return nil
    }
    let name = FileNames.segment(segment.base)
    do throws(FileError) {
      try IndexSealing.seal(segment, scan.source, segments)
      findings.append(.rebuiltIndex(partition, segment: name))
    } catch {
      // An index is no part of what must be there: a full disk opens without it.
      guard error.isFull else { throw error.asDaybookError }
      segment.setIndex(.scanned(OpenIndex(scan.source)))
      findings.append(.unsealedIndex(partition, segment: name))
    }
    return scan.source.facts
  }
}

import DaybookModel
import Files
import Glibc
import NIOCore

/// Segments that are not the last: nothing in them may be cut.
extension PartitionSurvey {
  /// They are trusted as far as the headers of their indexes continue each other; one whose
  /// index is missing or wrong is scanned. Returns the last one's facts, or sets `fault`.
  mutating func checkClosed() throws(DaybookError) -> SegmentFacts? {
    assert(
      zip(segments, segments.dropFirst()).allSatisfy { $0.base < $1.base },
      "segments are in the order of their base offsets, each with its own")
    var previous: SegmentFacts?
    for (at, segment) in segments.enumerated() {
      let expected = previous?.nextOffset ?? PartitionSegments.startOffset
      guard segment.base == expected else {
        fault = LogFault(
          partition: partition, segment: FileNames.segment(expected), fromByte: 0, toByte: 0,
          offset: expected,
          reason: "the segment is missing; the next one begins at offset \(segment.base)")
        return nil
      }
      if at == segments.count - 1 { return previous }
      let next = segments[at + 1].base
      if let indexed = try trusted(segment, after: previous, next: next) {
        witnesses.agree += 1
        previous = indexed
      } else if let rebuilt = try rebuild(segment, after: previous, next: next) {
        previous = rebuilt
      } else {
        return nil
      }
      assert(
        previous?.baseOffset == segment.base && previous?.nextOffset == next,
        "a closed segment goes from its base to the next one's")
    }
    return previous
  }

  /// What the index's header says, if it fits the segments around, the file is long enough, and
  /// begins with the batch that the index begins with. An index that can't be read says nothing.
  private func trusted(
    _ segment: Segment, after previous: SegmentFacts?, next: Offset
  ) throws(DaybookError) -> SegmentFacts? {
    do throws(FileError) {
      guard let start = try IndexStart(files, path: segment.indexPath, segment.seed) else {
        return nil
      }
      let facts = start.layout.facts
      guard facts.partition == partition, facts.baseOffset == segment.base,
        facts.nextOffset == next,
        facts.chainBefore == previous?.chainAfter ?? 0,
        facts.lastEpoch >= previous?.lastEpoch ?? Epoch(0)
      else { return nil }
      let file = try files.open(segment.path, flags: O_RDONLY, mode: 0)
      defer { files.close(file) }
      guard try files.size(file) >= facts.bytesUsed, facts.bytesUsed > 0,
        case .header(let first) = try files.header(in: file, at: 0, segment.seed),
        first.partition == partition, first.baseOffset == segment.base,
        first.previousChain == facts.chainBefore
      else { return nil }
      // One that was read whole need not be read again by the first who asks.
      if let index = SealedIndex(whole: start, files, path: segment.indexPath, segment.seed) {
        segment.setIndex(.sealed(index))
      }
      return facts
    } catch {
      if error.isOutOfFiles { throw error.asDaybookError }
      return nil
    }
  }

  private mutating func rebuild(
    _ segment: Segment, after previous: SegmentFacts?, next: Offset
  ) throws(DaybookError) -> SegmentFacts? {
    let scan = try SegmentScan(
      segment, of: view([segment], highWatermark: next), chainBefore: previous?.chainAfter ?? 0,
      epoch: previous?.lastEpoch ?? Epoch(0), end: next)
    witness(scan, of: segment)
    floor.state(scan.durableStated, by: "a batch in \(FileNames.segment(segment.base))")
    guard scan.stop == .reached, scan.nextOffset == next else {
      let found = try reading(
        from: scan.nextOffset, segment: FileNames.segment(segment.base)
      ) { () throws(FileError) in try scan.behind(in: segment, files, epochMax: nil).fault }
      switch found {
      case .success(let found), .failure(let found): fault = found
      }
      return nil
    }
    assert(fault == nil, "behind a fault no segment is looked at")
    segment.setIndex(.scanned(OpenIndex(scan.source)))
    rebuiltIndexes.append(segment)
    return scan.source.facts
  }
}

extension FileSystem {
  /// The batch header at a position, its own checksum verified.
  func header(
    in file: File, at position: UInt64, _ seed: LogSeed
  ) throws(FileError) -> BatchHeader.Decoded {
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: BatchHeader.byteCount, alignment: 8)
    defer { bytes.deallocate() }
    guard try read(file, into: bytes, at: position) == bytes.count else {
      return .invalid("the file ends within a header")
    }
    return BatchHeader.decode(UnsafeRawBufferPointer(bytes), seed)
  }
}

package import DaybookModel

/// A segment as operators are told of it.
package struct SegmentInfo: Equatable, Sendable {
  package var partition: PartitionID
  /// File name within the partition's folder.
  package var segment: String
  package var baseOffset: Offset
  package var nextOffset: Offset
  /// Up to the end of the last durable batch.
  package var bytesUsed: UInt64
  /// Nothing is appended to it any more.
  package var sealed: Bool
}

extension PartitionSegments {
  func info() throws(DaybookError) -> [SegmentInfo] {
    let high = highWatermark
    let all = all.filter { $0.base <= high }
    var infos: [SegmentInfo] = []
    for (at, segment) in all.enumerated() {
      let isLast = at + 1 == all.count
      let end = isLast ? high : min(all[at + 1].base, high)
      infos.append(
        SegmentInfo(
          partition: partition, segment: FileNames.segment(segment.base),
          baseOffset: segment.base, nextOffset: end, bytesUsed: try bytesUsed(segment, end: end),
          sealed: !isLast))
    }
    return infos
  }

  private func bytesUsed(_ segment: Segment, end: Offset) throws(DaybookError) -> UInt64 {
    switch segment.currentIndex {
    case .sealed(let index): return index.layout.facts.bytesUsed
    case .fed(let index): return index.facts.bytesUsed
    case .scanned, .unknown: break
    }
    // An index that can't be read says nothing.
    if let facts = try? IndexStart(files, path: segment.indexPath, segment.seed)?.layout.facts,
      facts.nextOffset == end
    {
      return facts.bytesUsed
    }
    switch try index(of: segment, end: end) {
    case let index as OpenIndex: return index.facts.bytesUsed
    case let index as SealedIndex: return index.layout.facts.bytesUsed
    default: return 0
    }
  }
}

import DaybookModel
import Files
import Logging
import NIOConcurrencyHelpers

/// Writes a closed segment's index and takes it into use.
enum IndexSealing {
  static func seal(
    _ segment: Segment, _ source: IndexSource, _ partition: PartitionSegments
  ) throws(FileError) {
    let bytes = IndexBuilder.build(source, segment.seed)
    try partition.files.makeDurably(
      FileNames.index(segment.base), in: partition.folder, bytes: bytes)
    if let sealed = try SealedIndex(
      partition.files, path: segment.indexPath, partition: segment.partition,
      baseOffset: segment.base, segment.seed)
    {
      segment.setIndex(.sealed(sealed))
    }
  }

  /// Seals every closed segment whose index is in memory only: the one just closed, and those that
  /// found no room before. Newest first, up to the first for which there is no room now.
  static func sealClosed(_ partition: PartitionSegments, _ logger: Logger) {
    let all = partition.all
    for (segment, next) in zip(all, all.dropFirst()).reversed() {
      do throws(FileError) {
        try sealIfInMemory(segment, end: next.base, partition)
      } catch {
        logger.warning(
          """
          partition \(partition.partition): the index of \(FileNames.segment(segment.base)) can't be \
          written, so it is kept in memory: \(error)
          """,
          metadata: ["path": "\(segment.indexPath)"])
        if error.isTemporary { return }
      }
    }
  }

  private static func sealIfInMemory(
    _ segment: Segment, end: Offset, _ partition: PartitionSegments
  ) throws(FileError) {
    segment.indexLock.lock()
    defer { segment.indexLock.unlock() }
    switch segment.currentIndex {
    case .sealed, .unknown: return
    case .fed(let index), .scanned(let index):
      let facts = index.facts
      assert(facts.baseOffset == segment.base, "an index is of its segment")
      guard facts.nextOffset == end else { return }
      try seal(segment, index.source, partition)
    }
  }
}

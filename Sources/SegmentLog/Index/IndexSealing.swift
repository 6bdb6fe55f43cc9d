import DaybookModel

/// Writes a closed segment's index and takes it into use.
enum IndexSealing {
  static func seal(
    _ segment: Segment, _ source: IndexSource, _ partition: PartitionSegments
  ) throws(FileError) {
    let bytes = IndexBuilder.build(source, partition.log)
    try partition.files.makeDurably(
      FileNames.index(segment.base), in: partition.folder, bytes: bytes)
    if let sealed = SealedIndex(
      path: segment.indexPath, partition: segment.partition, baseOffset: segment.base,
      partition.log)
    {
      segment.setIndex(.sealed(sealed))
    }
  }
}

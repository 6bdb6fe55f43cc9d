import DaybookModel
import NIOConcurrencyHelpers

/// One file of batches, and its index in whatever state that is.
final class Segment: Sendable {
  enum Index: Sendable {
    /// Fed by the writer of this process.
    case fed(OpenIndex)
    /// Read from the segment's file up to some point: that of a segment which another process
    /// writes, or whose index file is missing.
    case scanned(OpenIndex)
    case sealed(SealedIndex)
    /// Nobody asked yet.
    case unknown
  }

  let partition: PartitionID
  let base: Offset
  let path: String
  let indexPath: String
  /// Of all checksums in it and in its index.
  let seed: LogSeed
  private let index: NIOLockedValueBox<Index>
  /// Held while the index is read or made, so that it is done once.
  let indexLock = NIOLock()

  init(
    partition: PartitionID, base: Offset, folder: String, seeds: PartitionSeeds, index: Index
  ) {
    self.partition = partition
    self.base = base
    self.path = "\(folder)/\(FileNames.segment(base))"
    self.indexPath = "\(folder)/\(FileNames.index(base))"
    self.seed = seeds.seed(ofSegment: base)
    self.index = NIOLockedValueBox(index)
  }

  var currentIndex: Index { index.withLockedValue { $0 } }
  func setIndex(_ new: Index) { index.withLockedValue { $0 = new } }
}

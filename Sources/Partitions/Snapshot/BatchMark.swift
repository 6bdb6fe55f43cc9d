import DaybookModel
import NIOCore
import Ports

/// Tells one batch from another at the same offset: a log that was rolled back and has grown again
/// has other batches where a snapshot of its former life ends.
extension BatchMark {
  private static let tailBytes = 256

  init(of batch: CommittedBatch) {
    var hash = StableHash()
    hash.combine(UInt64(batch.baseOffset.rawValue))
    hash.combine(UInt64(batch.count))
    hash.combine(batch.lastRecordedAt.milliseconds)
    hash.combine(UInt64(batch.body.readableBytes))
    batch.body.withUnsafeReadableBytes {
      hash.combine(UnsafeRawBufferPointer(rebasing: $0.suffix(BatchMark.tailBytes)))
    }
    self.init(base: batch.baseOffset, next: batch.nextOffset, hash: hash.finish())
  }
}

import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// The last batches that a partition has committed, in memory: whoever follows the log reads these, and
/// no file.
final class RecentBatches: Sendable {
  private struct State {
    /// One behind the other, without a gap.
    var batches = CircularBuffer<CommittedBatch>()
    var bytes = 0
  }

  private let bytesMax: Int
  private let state = NIOLockedValueBox(State())

  /// `bytesMax` is of the memory that the batches hold.
  init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// A share of what all partitions may hold.
  convenience init(partitions: Int) {
    self.init(bytesMax: Limits.recentBatchesBytesMax / max(1, partitions))
  }

  /// `batch` follows the one that was added last.
  func add(_ batch: CommittedBatch) {
    state.withLockedValue { state in
      assert(
        state.batches.last.map { $0.nextOffset == batch.baseOffset } ?? true,
        "batches follow each other")
      state.batches.append(batch)
      state.bytes += batch.heldBytes
      while state.bytes > bytesMax, let first = state.batches.popFirst() {
        state.bytes -= first.heldBytes
      }
    }
  }

  /// As the log's `read`; nil where the batch that holds the offset is not here any more.
  func read(from offset: Offset, bytesMax: Int) -> LogChunk? {
    state.withLockedValue { state in
      guard let first = state.batches.first, let last = state.batches.last,
        first.baseOffset <= offset, offset < last.nextOffset
      else { return nil }
      var (low, high) = (0, state.batches.count - 1)
      while low < high {
        let middle = (low + high + 1) / 2
        let batch = state.batches[state.batches.index(state.batches.startIndex, offsetBy: middle)]
        if batch.baseOffset <= offset { low = middle } else { high = middle - 1 }
      }
      var chunk: [CommittedBatch] = []
      var bytes = 0
      for batch in state.batches.dropFirst(low) {
        if bytes >= bytesMax, !chunk.isEmpty { break }
        chunk.append(batch)
        bytes += batch.body.readableBytes
      }
      return LogChunk(batches: chunk, next: chunk[chunk.count - 1].nextOffset)
    }
  }
}

extension CommittedBatch {
  /// Memory that stays taken as long as the batch is held.
  fileprivate var heldBytes: Int {
    max(body.storageCapacity, body.readableBytes)
      + (slots?.count ?? 0) * MemoryLayout<EventSlot>.stride
  }
}

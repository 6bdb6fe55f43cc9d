import DaybookModel
import NIOConcurrencyHelpers
import NIOCore

/// Committed batches, from the owners to the thread that folds: what is in memory already is not read
/// from the log. Bounded; what finds no room is left out, and so are batches that nobody told of, and
/// whoever takes from here is told where that is: there the log has them.
final class BatchFeed: Sendable {
  private struct Entry {
    let batch: CommittedBatch
    let bytes: Int
    /// Where the batch before it in the partition ended, behind which there is nothing up to this one;
    /// where that isn't known, where this one begins.
    let follows: Offset
  }

  private struct Lane {
    var entries: [Entry] = []
    /// Where the last batch ended that was told of; nil if more may have been committed since.
    var toldTo: Offset?
    /// The same, of the last batch that found room here; nil where one did not since.
    var keptTo: Offset?
  }

  private struct State {
    var lanes: [Lane]
    var bytes = 0
    var isClosed = false
  }

  private let bytesMax: Int
  private let state: NIOLockedValueBox<State>

  init(partitionCount: Int, bytesMax: Int = Limits.projectionFeedBytesMax) {
    self.bytesMax = bytesMax
    state = NIOLockedValueBox(State(lanes: Array(repeating: Lane(), count: partitionCount)))
  }

  /// Keeps a batch, unless it was told of before. Returns whether what is kept should be folded at
  /// once, before there is no room.
  func add(_ batch: CommittedBatch) -> Bool {
    var batch = batch
    // Nobody here asks for them.
    batch.slots = nil
    // What the batch keeps from being freed, which may be more than its events.
    let bytes = batch.body.storageCapacity
    return state.withLockedValue { state in
      let index = batch.partition.index
      if let toldTo = state.lanes[index].toldTo, batch.nextOffset <= toldTo { return false }
      let keptTo = state.lanes[index].keptTo
      state.lanes[index].toldTo = batch.nextOffset
      guard !state.isClosed, state.bytes + bytes <= bytesMax else {
        state.lanes[index].keptTo = nil
        return true
      }
      state.lanes[index].entries.append(
        Entry(batch: batch, bytes: bytes, follows: keptTo ?? batch.baseOffset))
      state.lanes[index].keptTo = batch.nextOffset
      state.bytes += bytes
      return state.bytes > bytesMax / 2
    }
  }

  /// Batches of the partition may have been committed that were not told of.
  func interrupt(_ partition: PartitionID) {
    state.withLockedValue { state in
      state.lanes[partition.index].toldTo = nil
      state.lanes[partition.index].keptTo = nil
    }
  }

  /// Takes out the batches that go on from this offset without a gap. Forgets those before it.
  func take(_ partition: PartitionID, from offset: Offset) -> [CommittedBatch] {
    state.withLockedValue { state in
      var taken: [CommittedBatch] = []
      var (next, count, bytes) = (offset, 0, 0)
      for entry in state.lanes[partition.index].entries {
        let isPast = entry.batch.nextOffset <= next
        guard isPast || entry.follows <= next else { break }
        if !isPast {
          taken.append(entry.batch)
          next = entry.batch.nextOffset
        }
        count += 1
        bytes += entry.bytes
      }
      state.lanes[partition.index].entries.removeFirst(count)
      state.bytes -= bytes
      assert(state.bytes >= 0, "what is taken was kept")
      return taken
    }
  }

  /// Whoever has folded up to this offset has folded all that was told of: whatever else is durable in
  /// the partition will be told of, or it will be said that it was not.
  func isTold(_ partition: PartitionID, upTo offset: Offset) -> Bool {
    state.withLockedValue { $0.lanes[partition.index].toldTo.map { $0 <= offset } ?? false }
  }

  /// Nobody takes from here any more.
  func close() {
    state.withLockedValue { state in
      state.isClosed = true
      for index in state.lanes.indices { state.lanes[index] = Lane() }
      state.bytes = 0
    }
  }
}

import DaybookModel
import DaybookSchema
import Ports

/// A partition's state as its log has it: the last snapshot, and what was logged since.
struct LoadedState: Sendable {
  var state: PartitionState
  /// Effects of every event below it are durable elsewhere.
  var relayedThrough: Offset
  /// The first offset that the state does not include.
  var next: Offset
  /// The last batch that it includes; nil for none.
  var last: BatchMark?
  /// How many events were replayed on top of the snapshot.
  var replayed: Int
  /// There is a snapshot that is not of this log's past.
  var foundStaleSnapshot = false

  /// Blocking. Throws `log_corrupt` and the like, and `server_stopping` soon after `isStopping` says
  /// so.
  static func load(
    _ partition: PartitionID, log: any LogFeed, snapshots: any SnapshotStore,
    _ settings: StateSettings = StateSettings(), isStopping: () -> Bool = { false },
    report: ReplayReport? = nil
  ) throws(DaybookError) -> LoadedState {
    let head = log.highWatermark(of: partition)
    let start = log.startOffset(of: partition)
    var loaded = LoadedState(
      state: PartitionState(partition: partition, settings),
      relayedThrough: start, next: start, replayed: 0)
    if let snapshot = snapshots.load(partition),
      let (state, relayedThrough) = SnapshotCoding.decode(
        snapshot.state, partition: partition, logID: log.logID, settings,
        isSealed: true)
    {
      if belongs(snapshot, to: partition, of: log, head: head) {
        loaded.state = state
        loaded.relayedThrough = max(relayedThrough, start)
        loaded.next = snapshot.next
        loaded.last = snapshot.last
      } else {
        loaded.foundStaleSnapshot = true
      }
    }
    report?.expect(UInt64(max(0, head.rawValue - loaded.next.rawValue)))
    while loaded.next < head {
      if isStopping() {
        throw DaybookError(.serverStopping, "the server was told to stop while it started")
      }
      let chunk = try log.read(partition, from: loaded.next, bytesMax: 4 << 20)
      guard chunk.next > loaded.next else {
        throw DaybookError(
          .storageFailed,
          "the log of partition \(partition) gives nothing at offset \(loaded.next), below its end: "
            + "try again")
      }
      let offsets = UInt64(chunk.next.rawValue - loaded.next.rawValue)
      for batch in chunk.batches { try loaded.replay(batch) }
      report?.replayed(offsets)
      loaded.next = chunk.next
    }
    return loaded
  }

  /// A log that has lost its tail, and may have grown since, never was in the snapshot's state.
  private static func belongs(
    _ snapshot: StateSnapshot, to partition: PartitionID, of log: any LogFeed, head: Offset
  ) -> Bool {
    guard snapshot.next <= head,
      let batch = try? log.read(partition, from: snapshot.last.base, bytesMax: 1).batches.first
    else { return false }
    return BatchMark(of: batch) == snapshot.last
  }

  private mutating func replay(_ batch: CommittedBatch) throws(DaybookError) {
    let from = next
    var state = state
    // So that `state` is unique.
    self.state = PartitionState(partition: state.partition)
    var replayed = 0
    defer { self.state = state }
    try batch.forEachEvent { index, bytes throws(DaybookError) in
      guard batch.offset(of: index) >= from else { return }
      state.evolve(try EventDecoding.decode(bytes, content: .skipped))
      replayed += 1
    }
    self.replayed += replayed
    // All of it is durable.
    state.origins.trim()
    next = batch.nextOffset
    last = BatchMark(of: batch)
  }
}

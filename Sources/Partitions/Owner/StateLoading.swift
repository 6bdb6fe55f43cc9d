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
  /// How many events were replayed on top of the snapshot.
  var replayed: Int

  /// Blocking. Throws `log_corrupt` and the like.
  static func load(
    _ partition: PartitionID, log: any LogReader, snapshots: any SnapshotStore
  ) throws(DaybookError) -> LoadedState {
    let head = log.highWatermark(of: partition)
    var loaded = LoadedState(
      state: PartitionState(partition: partition), relayedThrough: .zero, next: .zero, replayed: 0)
    // A snapshot past the head belongs to a log that has lost its tail: its state never was.
    if let snapshot = snapshots.load(partition), snapshot.next <= head,
      let (state, relayedThrough) = SnapshotCoding.decode(
        snapshot.state, partition: partition, logID: log.logID)
    {
      loaded.state = state
      loaded.relayedThrough = relayedThrough
      loaded.next = snapshot.next
    }
    while loaded.next < head {
      let batches = try log.read(partition, from: loaded.next, bytesMax: 4 << 20)
      guard !batches.isEmpty else { break }
      for batch in batches { try loaded.replay(batch) }
    }
    return loaded
  }

  private mutating func replay(_ batch: CommittedBatch) throws(DaybookError) {
    let from = next
    var state = state
    self.state = PartitionState(partition: state.partition)  // So that `state` is unique.
    var replayed = 0
    defer { self.state = state }
    try batch.forEachEvent { index, bytes throws(DaybookError) in
      guard batch.offset(of: index) >= from else { return }
      state.evolve(try EventDecoding.decode(bytes, content: .skipped))
      replayed += 1
    }
    self.replayed += replayed
    next = batch.nextOffset
  }
}

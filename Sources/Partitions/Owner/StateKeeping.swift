import DaybookModel
import Ports

enum StateKeeping {
  /// Writes a state down as it was after `last`. Blocking. Returns why there is no snapshot now.
  static func keep(
    _ state: PartitionState, relayedThrough: Offset, last: BatchMark, logID: String,
    in snapshots: any SnapshotStore
  ) -> DaybookError? {
    do throws(DaybookError) {
      let encoded = try SnapshotCoding.encode(
        state, logID: logID, relayedThrough: relayedThrough)
      try snapshots.save(StateSnapshot(last: last, state: encoded), of: state.partition)
      return nil
    } catch {
      return error
    }
  }
}

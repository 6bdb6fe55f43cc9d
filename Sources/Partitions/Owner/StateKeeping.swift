import DaybookModel
import NIOCore
import Ports

enum StateKeeping {
  /// Writes a state down as it was after `last`. Blocking. Returns how many bytes that were. Throws why
  /// there is no snapshot now.
  static func keep(
    _ state: PartitionState, relayedThrough: Offset, last: BatchMark, logID: String,
    in snapshots: any SnapshotStore
  ) throws(DaybookError) -> Int {
    let encoded = try SnapshotCoding.encode(state, logID: logID, relayedThrough: relayedThrough)
    try snapshots.save(StateSnapshot(last: last, state: encoded), of: state.partition)
    return encoded.readableBytes
  }
}

import DaybookModel
import Ports

/// A projector with its file and how far it has folded, which its next commit will state.
///
/// Belongs to one thread.
final class Projection {
  let name: ProjectionName
  let file: ProjectionFile
  private(set) var positions: [Offset]
  private let log: any SearchableLog
  private var projector: any Projector
  private var tables: [any ProjectionTable]
  private var uncommitted: UInt64 = 0
  /// A fold ended midway: the rows hold a part of a batch, and must never be committed.
  private(set) var isTorn = false

  /// `isBulk`: a new file has much to fold before anybody asks.
  init(
    _ name: ProjectionName, path: String, log: any SearchableLog, isBulk: Bool
  ) throws(DaybookError) {
    self.name = name
    self.log = log
    projector = name.makeProjector(log: log)
    tables = projector.tables
    file = try ProjectionFile(
      name, path: path, layouts: tables.map(\.layout), log: log, isBulk: isBulk)
    positions = log.positions(from: file.header.checkpoints)
    assert(positions.count == log.partitionCount, "a position for each partition")
    for table in tables { try table.attach(to: file) }
  }

  /// Folds what it has not folded before of the batch. If it throws, it is torn.
  func fold(_ batch: inout DecodedBatch, nextOffset: Offset) throws(DaybookError) {
    assert(!isTorn, "what is torn goes back first")
    let position = positions[batch.partition.index]
    guard position < nextOffset else { return }
    batch.first = 0
    while batch.first < batch.count, batch.offset(of: batch.first) < position {
      batch.first += 1
    }
    assert(
      batch.first == 0 || batch.offset(of: batch.first - 1) < position,
      "only what was folded is left out")
    assert(
      batch.count == 0 || batch.offset(of: batch.count - 1) < nextOffset,
      "what follows a batch lies behind all its events")
    isTorn = true
    for table in tables { table.enter(batch.partition) }
    try projector.fold(batch)
    isTorn = false
    positions[batch.partition.index] = nextOffset
    uncommitted += UInt64(batch.indices.count)
  }

  /// There is nothing to fold before this offset that it has not folded.
  func advance(to next: Offset, in partition: PartitionID) {
    assert(!isTorn, "who is torn is nowhere")
    positions[partition.index] = max(positions[partition.index], next)
  }

  /// As many rows are in memory as may be.
  var isFull: Bool { tables.contains(where: \.isFull) }

  /// Does nothing while it is torn. `isAtHead` says that it has folded all that is durable.
  func commit(isAtHead: Bool = false) throws(DaybookError) {
    guard !isTorn, positions != file.header.checkpoints || (isAtHead && file.isBare) else { return }
    assert(
      zip(positions, file.header.checkpoints).allSatisfy { $0 >= $1 },
      "a checkpoint is of what was folded")
    try file.commit(tables, checkpoints: positions, events: uncommitted, isWhole: isAtHead)
    assert(file.header.checkpoints == positions, "all that was folded is committed")
    uncommitted = 0
  }

  /// Forgets all that isn't committed: from there on it is folded again.
  func goBack() throws(DaybookError) {
    let fresh = name.makeProjector(log: log)
    let freshTables = fresh.tables
    for table in freshTables { try table.attach(to: file) }
    projector = fresh
    tables = freshTables
    positions = log.positions(from: file.header.checkpoints)
    assert(tables.allSatisfy { $0.dirtyCount == 0 }, "fresh tables hold nothing")
    uncommitted = 0
    isTorn = false
  }
}

extension LogFeed {
  /// Where to read on after these checkpoints: not before what is kept.
  fileprivate func positions(from checkpoints: [Offset]) -> [Offset] {
    checkpoints.enumerated().map { max($1, startOffset(of: PartitionID($0))) }
  }
}

import DaybookModel
import DaybookSchema
import Ports

/// When the projections commit.
package struct ProjectionSettings: Sendable {
  /// Events folded before a commit is due.
  package var eventsPerCommitMax = 20_000
  /// Time from a commit to the next that has something to write.
  package var commitInterval = Duration.milliseconds(50)
  /// What is read from a partition at a time.
  package var chunkBytes = 4 << 20
  /// How long a commit that found no room waits before it is tried again.
  package var retryInterval = Duration.seconds(1)

  package init() {}

  /// For going through much of the log at once: rows that change often are written less often.
  package static var bulk: ProjectionSettings {
    var settings = ProjectionSettings()
    settings.eventsPerCommitMax = 200_000
    settings.commitInterval = .seconds(2)
    return settings
  }
}

/// Reads the log, decodes each event once, hands it to all projectors, commits.
///
/// Belongs to one thread.
final class ProjectionEngine {
  let log: any LogReader
  let projections: [Projection]
  private let settings: ProjectionSettings
  private var batch: DecodedBatch
  /// Events folded since the last commit.
  private(set) var uncommitted = 0
  /// Partitions that can't be folded on, and why: the others go on.
  private(set) var stuck: [PartitionID: DaybookError] = [:]

  init(
    _ names: [ProjectionName], log: any LogReader, settings: ProjectionSettings,
    path: (ProjectionName) -> String
  ) throws(DaybookError) {
    self.log = log
    self.settings = settings
    var projections: [Projection] = []
    for name in names {
      projections.append(try Projection(name, path: path(name), log: log))
    }
    self.projections = projections
    batch = DecodedBatch(partition: PartitionID(0), baseOffset: .zero, events: [])
  }

  /// For each partition the first offset that some projector has not committed.
  var checkpoints: [Offset] {
    (0..<log.partitionCount).map { index in
      projections.map { $0.file.header.checkpoints[index] }.min() ?? .zero
    }
  }

  private func lowestPosition(of partition: PartitionID) -> Offset {
    projections.map { $0.positions[partition.index] }.min() ?? .zero
  }

  /// Nothing is left to fold, but for what is stuck.
  var isAtHead: Bool {
    let isTorn = projections.contains(where: \.isTorn)
    return (0..<log.partitionCount).allSatisfy { index in
      let partition = PartitionID(index)
      if stuck[partition] != nil { return true }
      return !isTorn && lowestPosition(of: partition) >= log.highWatermark(of: partition)
    }
  }

  /// Folds a chunk of the partition. Returns how many events that was. What goes wrong is in
  /// `stuck` afterwards.
  func fold(_ partition: PartitionID) -> Int {
    guard stuck[partition] == nil else { return 0 }
    var folded = 0
    do throws(DaybookError) {
      for projection in projections where projection.isTorn { try projection.goBack() }
      let from = lowestPosition(of: partition)
      guard from < log.highWatermark(of: partition) else { return 0 }
      let batches = try log.read(partition, from: from, bytesMax: settings.chunkBytes)
      if batches.isEmpty {
        throw DaybookError(.storageFailed, "the log gives nothing at offset \(from): try again")
      }
      for read in batches {
        try decode(read)
        for projection in projections {
          try projection.fold(&batch, nextOffset: read.nextOffset)
        }
        folded += read.count
      }
    } catch {
      stuck[partition] = error
    }
    uncommitted += folded
    return folded
  }

  /// Partitions whose trouble may be over are folded on.
  func retryStuck() { stuck = stuck.filter { !$0.value.isWorthRetrying } }

  private func decode(_ read: CommittedBatch) throws(DaybookError) {
    var events = batch.events
    batch.events = []
    events.removeAll(keepingCapacity: true)
    events.reserveCapacity(read.count)
    try read.forEachEvent { _, bytes throws(DaybookError) in
      events.append(try EventDecoding.decode(bytes, content: .skipped))
    }
    batch = DecodedBatch(
      partition: read.partition, baseOffset: read.baseOffset, events: events)
  }

  /// One transaction for each projection. Safe to call again after it threw `storage_full`.
  func commit() throws(DaybookError) {
    for projection in projections { try projection.commit() }
    uncommitted = 0
  }

  /// Folds and commits all that is durable. `each` is called after each chunk with the number of
  /// its events. Throws the fault of a partition that can't be folded, once the others are done.
  func catchUp(each: (Int) -> Void = { _ in }) throws(DaybookError) {
    var lastCommit = ContinuousClock.now
    while !isAtHead {
      for index in 0..<log.partitionCount {
        let events = fold(PartitionID(index))
        guard events > 0 else { continue }
        each(events)
        let isDue = ContinuousClock.now - lastCommit >= settings.commitInterval
        if uncommitted >= settings.eventsPerCommitMax || isDue {
          try commit()
          lastCommit = .now
        }
      }
    }
    try commit()
    if let fault = stuck.min(by: { $0.key < $1.key })?.value { throw fault }
  }

  func close() throws(DaybookError) {
    for projection in projections { try projection.file.close() }
  }
}

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
  /// A projector with its file and how far it has folded, which its next commit will state.
  final class Projection {
    let name: ProjectionName
    let projector: any Projector
    let file: ProjectionFile
    let tables: [any ProjectionTable]
    var positions: [Offset]
    var uncommitted: UInt64 = 0

    init(_ name: ProjectionName, path: String, log: any LogReader) throws(DaybookError) {
      self.name = name
      projector = name.makeProjector(log: log)
      tables = projector.tables
      file = try ProjectionFile(name, path: path, layouts: tables.map(\.layout), log: log)
      positions = file.header.checkpoints
      for table in tables { try table.attach(to: file) }
    }

    func commit() throws(DaybookError) {
      guard positions != file.header.checkpoints else { return }
      try file.commit(tables, checkpoints: positions, events: uncommitted)
      uncommitted = 0
    }
  }

  let log: any LogReader
  let projections: [Projection]
  private let settings: ProjectionSettings
  private var batch: DecodedBatch
  /// Events folded since the last commit.
  private(set) var uncommitted = 0
  /// Partitions that can't be read on, and why: the others go on.
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

  /// Folds a chunk of the partition. Returns how many events that was; 0 at the head.
  func fold(_ partition: PartitionID) throws(DaybookError) -> Int {
    guard stuck[partition] == nil else { return 0 }
    let from = lowestPosition(of: partition)
    guard from < log.highWatermark(of: partition) else { return 0 }
    let batches: [CommittedBatch]
    do throws(DaybookError) {
      batches = try log.read(partition, from: from, bytesMax: settings.chunkBytes)
    } catch {
      stuck[partition] = error
      return 0
    }
    var folded = 0
    for read in batches {
      do throws(DaybookError) {
        try decode(read)
      } catch {
        stuck[partition] = error
        break
      }
      try hand(read)
      folded += read.count
    }
    uncommitted += folded
    return folded
  }

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

  /// To each projector what it has not folded before.
  private func hand(_ read: CommittedBatch) throws(DaybookError) {
    for projection in projections {
      let position = projection.positions[read.partition.index]
      guard position < read.nextOffset else { continue }
      batch.first = 0
      while batch.first < read.count, batch.offset(of: batch.first) < position {
        batch.first += 1
      }
      try projection.projector.fold(batch)
      projection.positions[read.partition.index] = read.nextOffset
      projection.uncommitted += UInt64(read.count - batch.first)
    }
  }

  /// One transaction for each projection. Safe to call again after it threw `storage_full`.
  func commit() throws(DaybookError) {
    for projection in projections { try projection.commit() }
    uncommitted = 0
  }

  /// Folds and commits all that is durable. `each` is called after each chunk with the number of
  /// its events. Throws the fault of a partition that can't be read, once the others are done.
  func catchUp(each: (Int) -> Void = { _ in }) throws(DaybookError) {
    var lastCommit = ContinuousClock.now
    var folded = 1
    while folded > 0 {
      folded = 0
      for index in 0..<log.partitionCount {
        let events = try fold(PartitionID(index))
        guard events > 0 else { continue }
        folded += events
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

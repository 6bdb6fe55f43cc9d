package import DaybookModel
import Files
package import Ports

/// Reads a log that another process may be writing, or that nobody does. Takes no lock, begins no
/// epoch and changes nothing. Of a partition that is damaged it gives what is good before the
/// damage, and `findings` say so.
package final class SegmentLogReader: LogFeed, LogSearch {
  package let logID: String
  package let branchID: String
  /// As it was when this was opened.
  package let epoch: Epoch
  package let seal: LogSeal
  /// What is wrong, for the operator's eyes.
  package let findings: [RecoveryFinding]
  let surveys: [PartitionSurvey]
  private let partitions: [PartitionSegments]

  package var partitionCount: Int { partitions.count }
  package var isDamaged: Bool { findings.contains(where: \.isDamage) }
  package func isDamaged(_ partition: PartitionID) -> Bool {
    surveys[partition.index].fault != nil
  }

  /// `statements` are those of files beside the log, as for its owner. Throws
  /// `data_folder_missing`, `permission_denied`, `format_version`, `log_corrupt`, `overloaded`.
  package static func open(
    in folder: String, scanner: any EventScanner,
    statements: (LogDescription) -> [DurableStatement] = { _ in [] }
  ) throws(DaybookError) -> SegmentLogReader {
    try SegmentLogReader(
      LogFolder(files: PosixFileSystem(), path: folder), scanner, statements: statements)
  }

  /// What the manifest says, without a look at the rest.
  package static func describe(_ folder: String) throws(DaybookError) -> LogDescription {
    let manifest = try LogFolder(files: PosixFileSystem(), path: folder).manifest()
    return LogDescription(
      logID: manifest.log.hex, partitionCount: manifest.partitions, seal: manifest.seed.seal)
  }

  init(
    _ folder: LogFolder, _ scanner: any EventScanner,
    statements: (LogDescription) -> [DurableStatement] = { _ in [] }
  ) throws(DaybookError) {
    var survey = try LogSurvey(folder, scanner, statements: statements)
    // Beside an owner, what seems torn is being written.
    for _ in 0..<2 { try survey.lookAgainAtFaults() }
    try survey.prove()
    logID = survey.manifest.log.hex
    branchID = survey.manifest.branch.hex
    epoch = survey.lastEpoch
    seal = survey.manifest.seed.seal
    surveys = survey.partitions
    findings = survey.journalFindings + survey.partitions.flatMap(\.readerFindings)
    partitions = survey.partitions.map { partition in
      let segments = partition.viewBeside(
        partition.readable, highWatermark: min(partition.end, partition.floor.offset))
      if let (segment, scan) = partition.last {
        segment.adopt(scan)
      }
      if let fault = partition.fault { segments.damage(fault) }
      return segments
    }
  }

  /// As the owner last stated it: read anew at each call.
  package func highWatermark(of partition: PartitionID) -> Offset {
    let segments = partitions[partition.index]
    // What can't be read now was readable at the opening; the last known statement stands.
    if segments.damaged == nil { try? refresh(segments) }
    return segments.highWatermark
  }

  /// Where the partition ends for an owner that opens the log, which makes durable what is whole.
  package func end(of partition: PartitionID) -> Offset {
    max(highWatermark(of: partition), surveys[partition.index].end)
  }

  private func refresh(_ partition: PartitionSegments) throws(FileError) {
    // The owner may write one slot after the other while they are read: then look again.
    for _ in 0..<3 {
      let statement = try WatermarkStatement.read(
        partition.files, folder: partition.folder, partition.seeds,
        partition: partition.partition)
      guard let slot = statement.slot else { continue }
      // The segment is there before the statement that names it.
      if partition.all.last.map({ $0.base < slot.segmentBase }) ?? true {
        try partition.refreshSegments()
      }
      partition.advance(to: slot.durableOffset)
      return
    }
  }

  package func startOffset(of partition: PartitionID) -> Offset {
    partitions[partition.index].startOffset
  }

  package func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> LogChunk {
    try partitions[partition.index].read(from: offset, bytesMax: bytesMax)
  }

  package func events(
    _ partition: PartitionID, at offsets: [Offset]
  ) throws(DaybookError) -> [StoredEvent] {
    try partitions[partition.index].events(at: offsets)
  }

  package func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].postings(
      stream: stream, from: first, through: last, limit: limit)
  }

  package func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int,
    isOfStream: (StoredEvent) throws(DaybookError) -> Bool
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].postings(
      stream: stream, from: first, through: last, limit: limit, isOfStream: isOfStream)
  }

  package func postings(
    _ partition: PartitionID, unsequenced stream: UInt64, from first: Offset,
    through last: Offset, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].postings(
      unsequenced: stream, from: first, through: last, limit: limit)
  }

  package func postings(
    _ partition: PartitionID, origin: UInt64, from first: UInt64, through last: UInt64, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].postings(
      origin: origin, from: first, through: last, limit: limit)
  }

  package func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].postings(
      conversation: conversation, before: before, limit: limit)
  }

  package func segments(of partition: PartitionID) throws(DaybookError) -> [SegmentInfo] {
    _ = highWatermark(of: partition)
    return try partitions[partition.index].info()
  }

  // MARK: checking

  /// Reads all segments of the partitions (all where nil) up to what is stated durable: checksums,
  /// offsets, epochs and the chain, across batches and segments, and whether indexes agree. Goes
  /// through any damage, in time linear in the log's size. Works beside a running owner. `progress`
  /// is told after each segment. Corruption is in the report; throws only for a partition that there
  /// isn't, and what passes by itself.
  package func verify(
    partitions: [PartitionID]? = nil, progress: (VerifyProgress) -> Void = { _ in }
  ) throws(DaybookError) -> VerifyReport {
    try surveys.verify(partitions: partitions, progress: progress)
  }

  /// Hands every whole batch of a partition from `offset` on to `visit`, through any damage, with
  /// the first of its offsets that was not handed out before: each comes once, also where a batch
  /// that lies in the wrong place has others' offsets. Nothing comes that isn't stated durable.
  /// Returns what it had to pass over.
  package func salvage(
    _ partition: PartitionID, from offset: Offset,
    visit: (CommittedBatch, _ from: Offset) throws -> Void
  ) throws -> [LogFault] {
    try surveys[partition.index].salvage(from: offset, visit: visit)
  }
}

extension PartitionSurvey {
  /// For whoever only reads.
  fileprivate var readerFindings: [RecoveryFinding] {
    if let fault { return [.corrupt(fault)] }
    return isUnsettled ? [.unsettled(partition, from: floor.offset, to: end)] : []
  }
}

package import DaybookModel
import Files
package import Logging
package import Metrics
import NIOCore
package import Ports

/// The embedded log: one folder, one owner, files as `schemas/log-format.md` draws them.
package final class SegmentedLog: LogWriter, LogSearch {
  /// That this opening of the log has written and synced.
  package let epoch: Epoch
  package let logID: String
  package let branchID: String
  package let seal: LogSeal
  /// What opening found and did, for the operator's eyes.
  package let findings: [RecoveryFinding]
  let partitions: [Partition]
  private let folder: LogFolder
  private let background: BackgroundWork
  let committer: Committer
  private let syncing: SegmentSyncing
  private let epochGuard: EpochGuard
  private let logger: Logger

  struct Partition: Sendable {
    let segments: PartitionSegments
    /// Nil where the partition is served read-only.
    let appender: PartitionAppender?
    let preparer: SegmentPreparer?
    let metrics: LogMetrics
  }

  package var batchHeaderBytes: Int { BatchHeader.byteCount }
  package var partitionCount: Int { partitions.count }

  /// Makes an empty log. Throws `data_folder_exists`, `data_folder_missing` (the folder around
  /// it), `permission_denied`, `storage_full`.
  package static func create(
    in folder: String, partitions: Int, options: SegmentLogOptions = SegmentLogOptions()
  ) throws(DaybookError) {
    try LogFolder(files: PosixFileSystem(), path: folder).create(
      partitions: partitions, options: options)
  }

  /// Opens a log for its one owner, who holds the data folder's `FolderLock`. Looks at everything
  /// first and proves that it belongs together; only then writes and syncs the next epoch, and
  /// settles each partition. One that is damaged is served read-only (`findings`, of which the
  /// operator is told).
  ///
  /// `opening` says what is known of the log from outside it. Throws `data_folder_missing`,
  /// `permission_denied`, `format_version`, `log_corrupt` (the manifest, or nothing is readable),
  /// `storage_full`, `storage_failed`, `overloaded`.
  package static func open(
    in folder: String, options: SegmentLogOptions = SegmentLogOptions(),
    scanner: any EventScanner, opening: OpeningContext = OpeningContext(), logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) throws(DaybookError) -> SegmentedLog {
    try open(
      in: folder, options: options, scanner: scanner, opening: opening, files: PosixFileSystem(),
      logger: logger, metrics: metrics)
  }

  static func open(
    in folder: String, options: SegmentLogOptions, scanner: any EventScanner,
    opening: OpeningContext = OpeningContext(), files: any FileSystem,
    threads: any LogThreads = OwnThreads(), logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) throws(DaybookError) -> SegmentedLog {
    let folder = LogFolder(files: files, path: folder)
    while true {
      do throws(DaybookError) {
        let opened = try LogOpening(folder, options, scanner, opening).run()
        for finding in opened.findings { finding.tell(logger) }
        return SegmentedLog(
          folder, opened, options, threads, fenced: opening.fenced, logger: logger,
          metrics: metrics)
      } catch {
        // Opening needs little room: the reserve is for this.
        guard error.code == .storageFull, folder.releaseReserve() else { throw error }
      }
    }
  }

  private init(
    _ folder: LogFolder, _ opened: LogOpening.Opened, _ options: SegmentLogOptions,
    _ threads: any LogThreads, fenced: @escaping @Sendable (DaybookError) -> Void, logger: Logger,
    metrics factory: any MetricsFactory
  ) {
    do throws(FileError) {
      try folder.makeReserve(options.reserveBytes)
    } catch {
      // The log is open all the same.
      logger.warning(
        "no room could be reserved for opening the log on a full disk, make some: \(error)",
        metadata: ["bytes": "\(options.reserveBytes)"])
    }
    let background = BackgroundWork(name: "log-background", threads)
    self.folder = folder
    epoch = opened.epoch
    logID = opened.manifest.log.hex
    branchID = opened.manifest.branch.hex
    seal = opened.manifest.seed.seal
    findings = opened.findings
    self.background = background
    self.logger = logger
    epochGuard = opened.epochGuard
    let owner = Ownership(opened.epochGuard, fenced: fenced)
    let partitions = opened.partitions.map { outcome in
      let metrics = LogMetrics(outcome.segments.partition, factory)
      metrics.segments.set(outcome.segments.all.count)
      guard let start = outcome.start else {
        return Partition(
          segments: outcome.segments, appender: nil, preparer: nil, metrics: metrics)
      }
      let preparer = SegmentPreparer(
        folder.files, background, folder: outcome.segments.folder, epoch: opened.epoch)
      let appender = PartitionAppender(
        start, segments: outcome.segments, preparer: preparer, background: background,
        options: options, threads: threads, owner: owner, logger: logger, metrics: metrics)
      return Partition(
        segments: outcome.segments, appender: appender, preparer: preparer, metrics: metrics)
    }
    self.partitions = partitions
    let place = Journal.Place(
      files: folder.files, folder: folder, seed: opened.manifest.seed,
      branch: opened.manifest.branch.prefix, epoch: opened.epoch,
      owner: opened.epochGuard.record.owner, name: opened.epochGuard.owner)
    committer = Committer(
      partitions.map(\.appender),
      journal: Journal(place, fileBytes: options.journalFileBytes, now: threads.now),
      files: folder.files, threads: threads, owner: owner, options: options,
      logger: logger, metrics: JournalMetrics(factory))
    syncing = SegmentSyncing(committer, background, place: place, owner: owner, logger: logger)
    committer.start(syncing)
  }

  /// Writes and syncs what was appended, ends the log's threads. Later appends are refused.
  package func close() {
    committer.close()
    syncing.finish()
    for partition in partitions where partition.appender != nil {
      let segments = partition.segments
      background.enqueue { [logger] in IndexSealing.sealClosed(segments, logger) }
    }
    background.stop()
    for partition in partitions {
      partition.appender?.close()
      partition.preparer?.discard()
      partition.segments.releaseFile()
    }
    epochGuard.close()
  }

  package func append(_ batches: [PartitionAppend], mayBlock: Bool) {
    if batches.allSatisfy({ partitions[$0.partition.index].appender != nil }) {
      return committer.append(batches, mayBlock: mayBlock)
    }
    var taken: [PartitionAppend] = []
    for append in batches {
      if let refusal = readOnly(append.partition) {
        background.enqueue { append.completion(.failure(refusal)) }
      } else {
        taken.append(append)
      }
    }
    committer.append(taken, mayBlock: mayBlock)
  }

  package func readOnly(_ partition: PartitionID) -> DaybookError? {
    let partition = partitions[partition.index]
    guard partition.appender == nil else { return nil }
    return DaybookError(
      .partitionReadOnly,
      "partition \(partition.segments.partition) is served read-only up to offset "
        + "\(partition.segments.highWatermark): run daybook log verify",
      cause: partition.segments.damaged)
  }
}

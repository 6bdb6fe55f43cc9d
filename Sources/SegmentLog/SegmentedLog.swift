package import DaybookModel
import Files
package import Logging
package import Metrics
import NIOCore
package import Ports

/// The embedded log: one folder, one owner, files as `schemas/log-format.md` draws them.
package final class SegmentedLog: LogWriter, LogSearch {
  package let epoch: Epoch
  package let logID: String
  package let seal: LogSeal
  /// What opening found and did, for the operator's eyes.
  package let findings: [RecoveryFinding]
  let partitions: [Partition]
  private let folder: LogFolder
  private let background: BackgroundWork
  private let epochGuard: EpochGuard
  private let logger: Logger

  struct Partition: Sendable {
    let segments: PartitionSegments
    /// Nil where the partition is served read-only.
    let writer: PartitionWriter?
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
    seal = opened.manifest.seed.seal
    findings = opened.findings
    self.background = background
    self.logger = logger
    epochGuard = opened.epochGuard
    partitions = opened.partitions.map { outcome in
      let metrics = LogMetrics(outcome.segments.partition, factory)
      metrics.segments.set(outcome.segments.all.count)
      guard let start = outcome.start else {
        return Partition(
          segments: outcome.segments, writer: nil, preparer: nil, metrics: metrics)
      }
      let preparer = SegmentPreparer(
        folder.files, background, folder: outcome.segments.folder, epoch: opened.epoch)
      let writer = PartitionWriter(
        start, segments: outcome.segments, preparer: preparer, background: background,
        options: options, epoch: opened.epoch, threads: threads, epochGuard: opened.epochGuard,
        fenced: fenced, logger: logger, metrics: metrics)
      return Partition(
        segments: outcome.segments, writer: writer, preparer: preparer, metrics: metrics)
    }
  }

  /// Writes and syncs what was appended, ends the log's threads. Later appends are refused.
  package func close() {
    for partition in partitions {
      partition.writer?.close()
      let segments = partition.segments
      if partition.writer != nil {
        background.enqueue { [logger] in IndexSealing.sealClosed(segments, logger) }
      }
    }
    background.stop()
    for partition in partitions { partition.preparer?.discard() }
    epochGuard.close()
  }

  package func append(_ batches: [PartitionAppend], mayBlock: Bool) {
    for one in batches {
      if let writer = partitions[one.partition.index].writer {
        writer.append(PartitionWriter.Pending(batch: one.batch, completion: one.completion))
      } else {
        let refusal = readOnly(one.partition)!
        background.enqueue { one.completion(.failure(refusal)) }
      }
    }
  }

  package func readOnly(_ partition: PartitionID) -> DaybookError? {
    let partition = partitions[partition.index]
    guard partition.writer == nil else { return nil }
    return DaybookError(
      .partitionReadOnly,
      "partition \(partition.segments.partition) is served read-only up to offset "
        + "\(partition.segments.highWatermark): run daybook log verify",
      cause: partition.segments.damaged)
  }
}
